import type { Page } from "@playwright/test";
import { api, expect } from "./fixtures.ts";

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

/** Chooses what is done with all tenants. Clicks again if what came in at that moment has moved the button. */
export async function chooseForAll(page: Page, name: string): Promise<void> {
  const item = page.getByRole("menuitem", { name });
  await expect(async () => {
    if (!(await item.isVisible())) await page.getByRole("button", { name: "All tenants" }).click();
    await item.click({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
}
