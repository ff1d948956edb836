import { api, expect, expectAccessible, expectNoSideways, test } from "./fixtures.ts";

const pages = [
  ["/", "Tenants"],
  ["/?q=zebra", "Tenants"],
  ["/tenants/flakyoak-roofing", "flakyoak-roofing"],
  ["/tenants/flakyoak-roofing?tab=runs", "flakyoak-roofing"],
  ["/tenants/flakyoak-roofing?tab=slots", "flakyoak-roofing"],
  ["/tenants/flakyoak-roofing?tab=records", "flakyoak-roofing"],
  ["/tenants/flakyoak-roofing?tab=audit", "flakyoak-roofing"],
  ["/tenants/flakyoak-roofing?tab=settings", "flakyoak-roofing"],
  ["/timeline", "Timeline"],
  ["/audit", "Audit"],
  ["/health", "Health"],
  ["/settings", "Settings"],
] as const;

for (const colorScheme of ["dark", "light"] as const) {
  for (const width of [1280, 390]) {
    test.describe(`${colorScheme}, ${width} px`, () => {
      test.use({
        colorScheme,
        viewport: { width, height: 844 },
        hasTouch: width < 500,
        isMobile: width < 500,
      });

      test("every page is accessible", async ({ page, baseURL }) => {
        test.slow();
        for (const [path, heading] of pages) {
          await page.goto(path);
          await expect(page.getByRole("heading", { level: 1 })).toContainText(heading);
          await expect(page.locator(".face-loading")).toHaveCount(0);
          await expectAccessible(page, path);
        }
        const { runs } = (await api(
          baseURL ?? "",
          "GET",
          "/runs?tenant=flakyoak-roofing&limit=1",
        )) as {
          runs: { run_id: string }[];
        };
        await page.goto(`/tenants/flakyoak-roofing/runs/${runs[0]?.run_id}`);
        await expect(page.getByRole("heading", { name: "Log" })).toBeVisible();
        await expectAccessible(page, "run");
      });

      test("every dialog and menu is accessible", async ({ page }) => {
        await page.goto("/");
        await page.getByRole("button", { name: "More for peakpro-roofing" }).click();
        await expect(page.getByRole("menuitem", { name: "Copy id" })).toBeVisible();
        await expectAccessible(page, "menu");
        await page.getByRole("menuitem", { name: "Edit schedule…" }).click();
        await expect(page.getByText("Next runs")).toBeVisible();
        await page.getByText("More settings").click();
        await expectAccessible(page, "form");
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "More for peakpro-roofing" }).click();
        await page.getByRole("menuitem", { name: "Delete…" }).click();
        await expectAccessible(page, "delete");
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "More for peakpro-roofing" }).click();
        await page.getByRole("menuitem", { name: "Pause until…" }).click();
        await expectAccessible(page, "pause");
        await page.keyboard.press("Escape");
        await page.keyboard.press("Control+k");
        await expect(page.getByRole("option").first()).toBeVisible();
        await expectAccessible(page, "palette");
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "All tenants" }).click();
        await page.getByRole("menuitem", { name: "Delete all…" }).click();
        await expect(page.getByRole("textbox", { name: /Type/ })).toBeVisible();
        await expectAccessible(page, "bulk");
        await page.keyboard.press("Escape");
        await page.getByRole("checkbox", { name: "Select peakpro-roofing" }).check();
        await expectAccessible(page, "selection");
        await page.getByText("Filters", { exact: true }).click();
        await expectAccessible(page, "filters");
      });

      test("what fails says so, accessibly", async ({ page }) => {
        await page.route("**/api/crm/**", (route) =>
          route.fulfill({
            status: 503,
            contentType: "application/problem+json",
            body: JSON.stringify({
              ok: false,
              code: "store_unavailable",
              title: "Store unavailable",
              detail: "try again",
              status: 503,
              request_id: "r1",
            }),
          }),
        );
        for (const path of ["/", "/audit", "/timeline"]) {
          await page.goto(path);
          await expect(
            page.getByRole("heading", { name: "Store unavailable" }).first(),
          ).toBeVisible({ timeout: 20_000 });
          await expectAccessible(page, `${path} failed`);
        }
      });
    });
  }
}

test("no page has to be scrolled sideways", async ({ page }) => {
  test.slow();
  for (const width of [320, 390, 768, 1024, 1280, 1440]) {
    await page.setViewportSize({ width, height: 844 });
    for (const [path, heading] of pages) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(heading);
      await expect(page.locator(".face-loading")).toHaveCount(0);
      await expectNoSideways(page, `${path} at ${width} px`);
    }
  }
});

test.describe("with fingers", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("what is to be touched is large enough", async ({ page }) => {
    await page.goto("/");
    await expect(page.getByRole("row", { name: /peakpro/ })).toBeVisible();
    const small = await page.evaluate(() => {
      const all = document.querySelectorAll<HTMLElement>(
        "main button, main select, .bottom-nav a, .top button, .summary a",
      );
      return [...all]
        .filter((each) => each.checkVisibility({ visibilityProperty: true }))
        .map((each) => ({ box: each.getBoundingClientRect(), name: each.outerHTML.slice(0, 100) }))
        .filter(({ box }) => box.width > 1 && (box.height < 44 || box.width < 44))
        .map(({ box, name }) => `${box.width}x${box.height} ${name}`);
    });
    expect(small).toEqual([]);
  });
});

test("nothing is announced each second, and nothing moves for those who do not want it", async ({
  page,
}) => {
  await page.emulateMedia({ reducedMotion: "reduce", forcedColors: "active" });
  await page.goto("/");
  await expect(page.getByRole("row", { name: /peakpro/ })).toBeVisible();
  expect(
    await page
      .locator("[aria-live] .countdown, [role=status] .countdown, [role=alert] .countdown")
      .count(),
  ).toBe(0);
});
