/** The intervals that are offered first, in seconds. */
export const presets = [60, 180, 300, 600, 900, 1800, 3600] as const;

const tenantGrammar = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function isTenant(text: string): boolean {
  return tenantGrammar.test(text);
}
