import { expect, test } from "./fixtures.ts";
import { chooseForAll, register } from "./many.ts";
import { type Running, start } from "./server.ts";

const MANY = 10_000;

let running: Running;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  running = await start({ demo: false, args: ["--store=memory"] });
  await register(running.url, MANY);
});
test.afterAll(() => running.stop());

test("ten thousand tenants are scrolled, found and paused", async ({ page }) => {
  test.slow();
  const number = MANY.toLocaleString("en");
  await page.goto(running.url);
  await expect(page.getByRole("link", { name: new RegExp(`^${number} ALL`) })).toBeVisible();
  const rows = page.locator("[data-tenant]");
  const most = await page.evaluate(async () => {
    let most = 0;
    let still = 0;
    // To the very end, however often more is loaded.
    while (still < 120) {
      const before = scrollY;
      scrollBy(0, 4000);
      await new Promise(requestAnimationFrame);
      most = Math.max(most, document.querySelectorAll("[data-tenant]").length);
      still = scrollY === before ? still + 1 : 0;
      if (document.querySelector(`[data-tenant="t-09999"]`)) break;
    }
    return most;
  });
  await expect(page.getByRole("row", { name: "t-09999" })).toBeVisible();
  expect(most).toBeGreaterThan(10);
  expect(most).toBeLessThanOrEqual(45);
  await expect(page.getByText(/of 10,000/)).toBeVisible();

  await page.evaluate(() => scrollTo(0, 0));
  await page.getByRole("searchbox", { name: "Search tenants" }).fill("t-00042");
  await expect(page.getByText(/^Showing 1–1 of 1/)).toBeVisible();
  await expect(rows).toHaveCount(1);

  await page.getByRole("searchbox", { name: "Search tenants" }).fill("");
  await expect(page.getByText(/^Showing 1–\d+ of 10,000/)).toBeVisible();
  await chooseForAll(page, "Pause all…");
  await page.getByRole("textbox", { name: /Type/ }).fill(String(MANY));
  await page.getByRole("button", { name: /^Pause \d/ }).click();
  await expect(page.getByText(/tenants paused/)).toBeVisible({ timeout: 90_000 });
  await page.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByRole("link", { name: new RegExp(`^${number} PAUSED`) })).toBeVisible();
});

test("a bulk command goes on when the page is closed", async ({ page, context }) => {
  test.slow();
  await page.goto(running.url);
  await chooseForAll(page, "Resume all…");
  await page.getByRole("button", { name: /^Resume \d/ }).click();
  await expect(page.getByRole("progressbar", { name: "Progress" })).toBeVisible();
  await page.close();

  const another = await context.newPage();
  await another.goto(running.url);
  await expect(another.getByRole("link", { name: "0 PAUSED" })).toBeVisible({ timeout: 90_000 });
});
