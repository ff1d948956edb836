import { launchOptions } from "./browser.ts";
import { expect, expectNoSideways, test } from "./fixtures.ts";

// What a person sets who wants text twice as large.
const args = [...(launchOptions.args ?? []), "--blink-settings=defaultFontSize=32"];
test.use({ launchOptions: { ...launchOptions, args } });

for (const { name, viewport } of [
  { name: "text at 200 %", viewport: { width: 1280, height: 844 } },
  // 1280 x 1024 at 400 % leaves 320 x 256, in which the text is at twice its size here.
  { name: "zoomed to 400 %", viewport: { width: 640, height: 512 } },
]) {
  test.describe(name, () => {
    test.use({ viewport });

    test("everything stays within reach", async ({ page }) => {
      test.slow();
      const tabs = ["overview", "runs", "slots", "records", "audit", "settings"];
      const pages = tabs.map((tab) => `/tenants/flakyoak-roofing?tab=${tab}`);
      for (const path of ["/", ...pages, "/timeline", "/audit", "/health", "/settings"]) {
        await page.goto(path);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await expect(page.locator(".face-loading")).toHaveCount(0);
        await expectNoSideways(page, path);
      }
      await page.goto("/");
      const rows = page.locator("[data-tenant]");
      await expect(rows.first()).toBeVisible();
      // No row runs over into the next, and none is cut off.
      const cut = await rows.evaluateAll((all) =>
        all
          .filter((row) => row.scrollHeight > row.clientHeight + 1)
          .map((row) => `${row.scrollHeight} in ${row.clientHeight}`),
      );
      expect(cut).toEqual([]);
      // What stays in place leaves room for the rest.
      const share = await page.evaluate(() => {
        const bars = [...document.querySelectorAll<HTMLElement>(".top, .bottom-nav")].filter(
          (bar) => ["fixed", "sticky"].includes(getComputedStyle(bar).position),
        );
        return bars.reduce((all, bar) => all + bar.offsetHeight, 0) / innerHeight;
      });
      expect(share).toBeLessThanOrEqual(0.5);
      await page.getByRole("button", { name: "New schedule" }).click();
      const make = page.getByRole("button", { name: "Create schedule" });
      await make.scrollIntoViewIfNeeded();
      await expect(make).toBeInViewport();
      await expectNoSideways(page, "form");
    });
  });
}
