function text(value: unknown): string {
  if (value === undefined || value === null) return "—";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The names and values of a JSON object, those without a value left out. */
export function flat(value: unknown): [string, string][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .filter(([, each]) => each !== null && each !== undefined)
    .map(([name, each]) => [name, text(each)]);
}

/** What differs between two JSON objects. */
export function differences(
  before: unknown,
  after: unknown,
): { name: string; before: string; after: string }[] {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(before) || !isObject(after)) return [];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .map((name) => ({ name, before: text(before[name]), after: text(after[name]) }))
    .filter((pair) => pair.before !== pair.after);
}
