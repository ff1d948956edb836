import type { BrowserContext, Page } from "@playwright/test";
import {
  api,
  expect,
  expectAccessible,
  expectNoSideways,
  lost,
  refused,
  signIn,
  test,
} from "./fixtures.ts";

const tabs = ["overview", "runs", "slots", "records", "audit", "settings"];
const tenantPages = (tenant: string) => tabs.map((tab) => `/tenants/${tenant}?tab=${tab}`);
const others = ["/timeline", "/audit", "/health", "/settings"];
const everywhere = (tenant: string) => ["/", ...tenantPages(tenant), ...others];

interface Look {
  name: string;
  use: Parameters<typeof test.use>[0];
  /** The page is looked at in this width, and must not stick out of the others. */
  width: number;
  alsoAt: number[];
}

const looks: Look[] = [
  { name: "wide", width: 1280, alsoAt: [1440, 1024, 768], use: {} },
  { name: "phone", width: 390, alsoAt: [320], use: { isMobile: true, hasTouch: true } },
];

for (const { name, use, width, alsoAt } of looks) {
  test.describe(name, () => {
    const contextOptions = { reducedMotion: "reduce" } as const;
    test.use({ ...use, contextOptions, viewport: { width, height: 844 } });
    test.slow();

    /** Everything that can be said of a page by looking at it as it is now. */
    async function look(page: Page, where: string) {
      for (const colorScheme of ["dark", "light"] as const) {
        await page.emulateMedia({ colorScheme });
        await expect(page.locator("html")).toHaveAttribute("data-theme", colorScheme);
        await expectAccessible(page, `${where}, ${colorScheme}`);
      }
      if (name === "phone") await expectTouchable(page, where);
      for (const each of [...alsoAt, width]) {
        await page.setViewportSize({ width: each, height: 844 });
        await expectNoSideways(page, where);
      }
    }

    async function open(page: Page, url: string) {
      await page.goto(url);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.locator(".face-loading")).toHaveCount(0);
    }

    test("every page", async ({ page, baseURL }) => {
      for (const path of everywhere("flakyoak-roofing")) {
        await open(page, path);
        await look(page, path);
      }
      await open(page, await runPath(baseURL ?? ""));
      await expect(page.getByRole("heading", { name: "Log" })).toBeVisible();
      await look(page, "run");
    });

    test("nothing there yet", async ({ page, context, guarded }) => {
      await signIn(context, guarded.url, guarded.operator);
      for (const path of everywhere("fresh").filter((path) => !path.startsWith("/tenants"))) {
        await open(page, guarded.url + path);
        await look(page, `${path} empty`);
      }
      await api(guarded.url, "POST", "/schedule", "fresh", { interval_sec: 3600 }, guarded.admin);
      for (const path of tenantPages("fresh")) {
        await open(page, guarded.url + path);
        await look(page, `${path} empty`);
      }
      await api(guarded.url, "DELETE", "/schedule", "fresh", undefined, guarded.admin);
    });

    test("nothing that matches", async ({ page }) => {
      for (const path of [
        "/?q=zebra",
        "/audit?tenant=zebra",
        "/tenants/flakyoak-roofing?tab=runs&state=cancelled&trigger=manual",
        "/tenants/flakyoak-roofing?tab=slots&since=2020-01-01T00:00&until=2020-01-02T00:00",
      ]) {
        await open(page, path);
        await look(page, path);
      }
    });

    test.describe("nothing of that name", () => {
      test.use({ provoked: [refused(404)] });
      test("says so", async ({ page }) => {
        for (const path of ["/tenants/nobody", "/tenants/nobody/runs/nothing"]) {
          await open(page, path);
          await look(page, path);
        }
      });
    });

    test("while it loads", async ({ page, context }) => {
      await context.route("**/api/crm/**", () => {});
      for (const path of everywhere("flakyoak-roofing")) {
        await page.goto(path);
        await expect(
          page.getByRole("heading", { level: 1 }).or(loading(page)).first(),
        ).toBeVisible();
        await look(page, `${path} loading`);
      }
      await context.unrouteAll({ behavior: "ignoreErrors" });
    });

    test.describe("what fails", () => {
      test.use({ provoked: [refused(403)] });
      test("says so", async ({ page, context, baseURL }) => {
        const run = await runPath(baseURL ?? "");
        // Unlike a 503, this is not tried again before it is shown.
        await refuse(context, /\/(api\/crm|api\/tokens|ops\/health)/, 403, "out_of_reach");
        for (const path of [...everywhere("flakyoak-roofing"), run]) {
          await page.goto(path);
          await expect(page.getByText("out of reach").first()).toBeVisible();
          await look(page, `${path} failed`);
        }
      });
    });

    test.describe("without network", () => {
      test.use({ provoked: [lost] });
      test("says so", async ({ page, context }) => {
        for (const path of everywhere("flakyoak-roofing")) {
          await open(page, path);
          // What is not yet there has no age to tell.
          await expect(page.getByRole("button", { name: /^(Live|Refreshing)/ })).toBeVisible();
          await context.setOffline(true);
          await expect(page.getByRole("button", { name: /^Offline, data from/ })).toBeVisible();
          await look(page, `${path} offline`);
          await context.setOffline(false);
        }
      });
    });

    test.describe("signed out", () => {
      test.use({ provoked: [refused(401)] });
      test("asks for a token", async ({ page, guarded }) => {
        for (const path of ["/", "/tenants/acme", "/audit", "/settings"]) {
          await page.goto(guarded.url + path);
          await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
          await look(page, `${path} signed out`);
        }
      });
    });

    test("who may only look", async ({ page, context, guarded }) => {
      await signIn(context, guarded.url, guarded.viewer);
      for (const path of everywhere("acme")) {
        await open(page, guarded.url + path);
        await look(page, `${path} as a viewer`);
      }
    });

    test("every dialog and menu", async ({ page }) => {
      const item = (label: string) => page.getByRole("menuitem", { name: label, exact: true });
      const fromRow = async (label: string) => {
        await page.getByRole("button", { name: "More for peakpro-roofing" }).click();
        await item(label).click();
      };
      const shut = async () => {
        await page.keyboard.press("Escape");
        await expect(page.locator("dialog[open], [popover]:popover-open")).toHaveCount(0);
      };
      await open(page, "/");
      await page.getByRole("button", { name: "More for peakpro-roofing" }).click();
      await expect(item("Copy id")).toBeVisible();
      await look(page, "menu of a row");
      await shut();
      await fromRow("Edit schedule…");
      await expect(page.getByText("Next runs")).toBeVisible();
      await page.getByText("More settings").click();
      await look(page, "form");
      await shut();
      await fromRow("Delete…");
      await look(page, "delete");
      await shut();
      await fromRow("Pause until…");
      await look(page, "pause");
      await shut();
      await page.keyboard.press("Control+k");
      await expect(page.getByRole("listbox").getByRole("option").first()).toBeVisible();
      await look(page, "palette");
      await shut();
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog", { name: /keyboard/i })).toBeVisible();
      await look(page, "keys");
      await shut();
      await page.getByRole("button", { name: /^Signed in as|local/ }).click();
      await expect(item("Health")).toBeVisible();
      await look(page, "menu of the account");
      await shut();
      await page.getByRole("button", { name: "All tenants" }).click();
      await expect(item("Delete all…")).toBeVisible();
      await look(page, "menu of all tenants");
      await item("Delete all…").click();
      await expect(page.getByRole("textbox", { name: /Type/ })).toBeVisible();
      await look(page, "bulk");
      await shut();
      await page.getByRole("checkbox", { name: "Select peakpro-roofing" }).check();
      await look(page, "selection");
      await page.getByText("Filters", { exact: true }).click();
      await look(page, "filters");
      await page.goto("/settings");
      await page.getByRole("button", { name: "New token" }).click();
      await look(page, "token");
    });
  });
}

const loading = (page: Page) => page.locator(".face-loading");

async function runPath(url: string): Promise<string> {
  const query = "/runs?tenant=flakyoak-roofing&limit=1";
  const { runs } = (await api(url, "GET", query)) as { runs: { run_id: string }[] };
  return `/tenants/flakyoak-roofing/runs/${runs[0]?.run_id}`;
}

/** Lets the server refuse. */
async function refuse(context: BrowserContext, url: RegExp, status: number, code: string) {
  const [title, detail] = [code.replaceAll("_", " "), "try again"];
  const problem = { ok: false, code, title, detail, error: detail, status, request_id: "r1" };
  await context.route(url, (route) =>
    route.fulfill({
      status,
      contentType: "application/problem+json",
      body: JSON.stringify(problem),
    }),
  );
}

/** Fails where there is less than a finger's breadth to touch. Links within a text may be smaller. */
async function expectTouchable(page: Page, where: string): Promise<void> {
  const small = await page.evaluate(() => {
    const all = document.querySelectorAll<HTMLElement>(
      "a, button, input, select, textarea, summary, [role=option], [role=tab]",
    );
    const modal = document.querySelector("dialog[open]");
    return (
      [...all]
        .filter((each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        .filter((each) => !modal || modal.contains(each))
        // Marks of a chart have their twins in a list or a table.
        .filter((each) => !each.closest("p, .visually-hidden, .skip, .strip-bar, .heat-cell"))
        .map((each) => {
          const box = (each.closest("label") ?? each).getBoundingClientRect();
          const { width, height } = box;
          return { width, height, html: each.outerHTML.slice(0, 120) };
        })
        .filter(({ width, height }) => width > 1 && (height < 43.5 || width < 43.5))
        .map(({ width, height, html }) => `${Math.round(width)}x${Math.round(height)} ${html}`)
    );
  });
  expect.soft(small, `${where}: too small for a finger`).toEqual([]);
}

test("nothing is announced each second", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("row", { name: /peakpro/ })).toBeVisible();
  const announced = ["[aria-live]", "[role=status]", "[role=alert]"];
  const countdowns = announced.map((each) => `${each} .countdown`).join(", ");
  await expect(page.locator(countdowns)).toHaveCount(0);
});

test("colours that the system forces leave everything to be seen", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto("/");
  const row = page.getByRole("row", { name: /peakpro/ });
  await expect(row).toBeVisible();
  await expectAccessible(page, "forced colours");
  // States differ by word and mark, and what has the focus has a ring.
  await expect(row.locator(".badge svg")).toBeVisible();
  await expect(row.locator(".badge")).toHaveText(/\w/);
  await page.keyboard.press("j");
  const focused = page.locator(":focus");
  await expect(focused).toHaveAttribute("data-tenant", /./);
  const ring = await focused.evaluate((each) => getComputedStyle(each).outlineStyle);
  expect(ring).not.toBe("none");
  const border = await page
    .getByRole("button", { name: "New schedule" })
    .evaluate((each) => getComputedStyle(each).borderTopStyle);
  expect(border).toBe("solid");
});

test("nothing moves for those who do not want it", async ({ page, context }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await context.route("**/api/crm/**", () => {});
  await page.goto("/");
  await expect(loading(page).first()).toBeVisible();
  const moving = () =>
    page.evaluate(
      () =>
        document
          .getAnimations()
          .filter(({ effect }) => Number(effect?.getComputedTiming().activeDuration) > 20).length,
    );
  expect(await moving()).toBe(0);
  await context.unrouteAll({ behavior: "ignoreErrors" });
  await page.goto("/");
  await page.getByRole("button", { name: "New schedule" }).click();
  expect(await moving()).toBe(0);
});
