import { api } from "./fixtures.ts";

/** Registers so many tenants, `t-00000` and on, of which none is due before tomorrow. */
export async function register(url: string, many: number): Promise<void> {
  const names = Array.from({ length: many }, (_, index) => `t-${String(index).padStart(5, "0")}`);
  const starts_at = new Date(Date.now() + 86_400_000).toISOString();
  const work = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await api(url, "POST", "/schedule", name, { interval_sec: 3600, starts_at });
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
}
