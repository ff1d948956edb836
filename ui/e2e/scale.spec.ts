import { expect, test } from "@playwright/test";
import { api } from "./fixtures.ts";
import { type Running, start } from "./server.ts";

const MANY = Number(process.env.E2E_TENANTS ?? 2000);

let running: Running;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  running = await start({ demo: false });
  const names = Array.from({ length: MANY }, (_, index) => `t-${String(index).padStart(5, "0")}`);
  const starts_at = new Date(Date.now() + 86_400_000).toISOString();
  const work = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await api(running.url, "POST", "/schedule", name, { interval_sec: 3600, starts_at });
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
});
test.afterAll(() => running.stop());

test("many tenants stay quick to scroll, to find and to pause", async ({ page }) => {
  test.slow();
  await page.goto(running.url);
  await expect(
    page.getByRole("link", { name: new RegExp(`^${MANY.toLocaleString("en")} ALL`) }),
  ).toBeVisible();
  // Scrolls at the speed of a determined thumb, and loads the pages as it goes.
  const frames = await page.evaluate(async () => {
    const all: number[] = [];
    let last = performance.now();
    const end = last + 6000;
    await new Promise<void>((resolve) => {
      const step = (now: number) => {
        all.push(now - last);
        last = now;
        scrollBy(0, 120);
        if (now < end) requestAnimationFrame(step);
        else resolve();
      };
      requestAnimationFrame(step);
    });
    return all.sort((a, b) => a - b);
  });
  const part = (of: number) => frames[Math.floor(frames.length * of)] ?? Infinity;
  console.log(`frames: p50 ${part(0.5).toFixed(1)} ms, p95 ${part(0.95).toFixed(1)} ms`);
  expect(part(0.5)).toBeLessThanOrEqual(34);
  expect(await page.locator("[data-tenant]").count()).toBeLessThanOrEqual(45);

  await page.evaluate(() => scrollTo(0, 0));
  const begun = Date.now();
  await page.getByRole("searchbox", { name: "Search tenants" }).fill("t-00042");
  await expect(page.getByText("Showing 1–1 of 1")).toBeVisible();
  console.log(`search: ${Date.now() - begun} ms`);

  await page.getByRole("searchbox", { name: "Search tenants" }).fill("");
  await page.getByRole("button", { name: "All tenants" }).click();
  await page.getByRole("menuitem", { name: "Pause all…" }).click();
  await page.getByRole("textbox", { name: /Type/ }).fill(String(MANY));
  await page.getByRole("button", { name: /^Pause \d/ }).click();
  await expect(page.getByText(/tenants paused/)).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: "Close" }).last().click();
  await expect(
    page.getByRole("link", { name: new RegExp(`^${MANY.toLocaleString("en")} PAUSED`) }),
  ).toBeVisible();
});
