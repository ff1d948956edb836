import type { BrowserContext, Locator, Page } from "@playwright/test";
import { api, expect, lost, refused, signIn, test } from "./fixtures.ts";

const tenant = "peakpro-roofing";
const path = (end: string) => `**/api/crm/import/acculynx/${end}`;

/** Lets the server refuse a command, once or always. */
async function refuse(context: BrowserContext, end: string, status: number, extra: object = {}) {
  const code = `code_${status}`;
  await context.route(path(end), (route) => {
    if (route.request().method() === "GET") return route.fallback();
    return route.fulfill({
      status,
      contentType: "application/problem+json",
      headers: status === 429 ? { "retry-after": "7" } : {},
      body: JSON.stringify({
        ok: false,
        code,
        title: `Title of ${status}`,
        detail: `detail of ${status}`,
        error: `detail of ${status}`,
        status,
        request_id: "request-77",
        ...extra,
      }),
    });
  });
}

const row = (page: Page, name = tenant): Locator => page.getByRole("row", { name });
const pause = (page: Page, name = tenant) =>
  row(page, name).getByRole("button", { name: `Pause, ${name}` });

for (const status of [403, 404, 409, 412, 429, 500, 503]) {
  test.describe(`${status}`, () => {
    test.use({ provoked: [refused(status)] });
    test("is shown, and takes back its own tenant alone", async ({ page, context, baseURL }) => {
      await refuse(context, "pause", status);
      await page.goto("/");
      await row(page, "slowcreek-siding")
        .getByRole("button", { name: /^Pause/ })
        .waitFor();
      // Another tenant is changed while the answer is under way.
      await context.route(path("pause"), async (route) => {
        await api(baseURL ?? "", "PATCH", "/schedule", "slowcreek-siding", { note: `${status}` });
        await expect(row(page, "slowcreek-siding").getByTitle(`${status}`)).toBeVisible();
        await expect(row(page).getByText("PAUSED")).toBeVisible();
        await route.fallback();
      });
      await pause(page).click();
      const message = page.getByText(`Pause ${tenant}: Title of ${status}`);
      await expect(message).toBeVisible();
      await expect(page.getByText(`detail of ${status} (request request-77)`)).toBeVisible();
      await expect(row(page).getByText("PAUSED")).toHaveCount(0);
      await expect(row(page, "slowcreek-siding").getByTitle(`${status}`)).toBeVisible();
      // It stays until it is dismissed, and can be tried again.
      await context.unrouteAll({ behavior: "wait" });
      // The row says so before the server has answered.
      const paused = page.waitForResponse((answer) => answer.url().endsWith("/pause"));
      await page.getByRole("button", { name: "Retry" }).last().click();
      await expect(row(page).getByText("PAUSED")).toBeVisible();
      expect((await paused).ok()).toBe(true);
      await expect(message).toHaveCount(0);
      await api(baseURL ?? "", "POST", "/resume", tenant);
    });
  });
}

test.describe("a lost session", () => {
  test.use({ provoked: [refused(401)] });
  test("asks for a token, and goes on where it was", async ({ page, context, guarded }) => {
    await signIn(context, guarded.url, guarded.admin);
    await page.goto(`${guarded.url}/tenants/acme?tab=audit`);
    await expect(page.getByRole("heading", { level: 1, name: "acme" })).toBeVisible();
    await context.clearCookies();
    await page.getByRole("button", { name: /Refresh now$/ }).click();
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
    await page.getByLabel("Access token").fill(guarded.admin);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "acme" })).toBeVisible();
    await expect(page).toHaveURL(/tab=audit/);
    await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeEnabled();
  });
});

test.describe("a role that does not suffice", () => {
  test.use({ provoked: [refused(403)] });
  test("is refused by the server too", async ({ page, context, guarded }) => {
    await signIn(context, guarded.url, guarded.viewer);
    await page.goto(`${guarded.url}/tenants/acme`);
    await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeDisabled();
    const status = await page.evaluate(async () => {
      const headers = { "x-tenant": "acme", "x-client": "ui" };
      return (await fetch("/api/crm/import/acculynx/pause", { method: "POST", headers })).status;
    });
    expect(status).toBe(403);
  });
});

test.describe("another's edit", () => {
  test.use({ provoked: [refused(412)] });
  test("is shown beside one's own", async ({ page, baseURL }) => {
    await page.goto("/tenants/stormline-exteriors");
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    const form = page.getByRole("dialog");
    await form.getByText("More settings").click();
    await form.getByRole("textbox", { name: "Note" }).fill("mine");
    await api(baseURL ?? "", "PATCH", "/schedule", "stormline-exteriors", { note: "theirs" });
    await form.getByRole("button", { name: /^Save/ }).click();
    const difference = form.getByRole("table");
    await expect(difference.getByRole("cell", { name: "theirs" })).toBeVisible();
    await form.getByRole("radio", { name: /Keep your Note: mine/i }).check();
    await form.getByRole("button", { name: "Save this choice" }).click();
    await expect(form).toHaveCount(0);
    await expect(page.locator(".tenant-note")).toHaveText("mine");
  });
});

test.describe("a field that the server refuses", () => {
  test.use({ provoked: [refused(400, 422)] });
  test("is marked, and takes the focus", async ({ page }) => {
    await page.goto("/");
    await page.getByRole("button", { name: "New schedule" }).click();
    const form = page.getByRole("dialog", { name: "New schedule" });
    await form.getByRole("textbox", { name: /Tenant/ }).fill("refused-roofing");
    await form.getByRole("radio", { name: /cron/i }).check();
    const cron = form.getByRole("textbox", { name: /cron/i });
    await cron.fill("61 * * * *");
    await form.getByRole("button", { name: "Create schedule" }).click();
    await expect(cron).toHaveAttribute("aria-invalid", "true");
    await expect(cron).toBeFocused();
    await expect(cron).toHaveAccessibleDescription(/cron/);
  });
});

test.describe("an answer that gets lost", () => {
  test.use({ provoked: [lost] });
  test("is asked for again under the same key, and told when there is none", async ({
    page,
    context,
  }) => {
    const keys: (string | undefined)[] = [];
    await context.route(path("pause"), (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      return route.abort("connectionreset");
    });
    await page.goto("/");
    await pause(page).click();
    await expect(page.getByText(`Pause ${tenant}: No answer`)).toBeVisible();
    await expect(row(page).getByText("PAUSED")).toHaveCount(0);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    // The server is there: nothing is locked.
    await expect(pause(page)).toBeEnabled();
  });
});

test("hostile text is text", async ({ page, guarded, context }) => {
  const markup = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  const turned = "\u202Eevil\u2066\u200F";
  const long = "A".repeat(10_000);
  const { admin, url } = guarded;
  await signIn(context, url, admin);
  const put = (note: string, tags: string[]) =>
    api(url, "POST", "/schedule", "hostile.0", { interval_sec: 3600, note, tags }, admin);
  await put(`${markup}${turned}`, []);
  const reason = `${markup}${turned}`;
  await api(url, "POST", "/pause", "hostile.0", { reason }, admin);
  // What a server of another version might send is not trusted either.
  await context.route(path("schedules*"), async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    for (const schedule of body.schedules) {
      if (schedule.tenant !== "hostile.0") continue;
      schedule.note = long;
      schedule.tags = [markup, long];
      schedule.last_status = {
        ok: false,
        message: `${markup}${long}`,
        result: { ok: false, stats: { imported: 0, skipped: 0 }, message: markup },
      };
    }
    await route.fulfill({ response: answer, json: body });
  });
  for (const at of ["/?q=hostile", "/tenants/hostile.0", "/tenants/hostile.0?tab=audit"]) {
    await page.goto(url + at);
    await expect(page.getByText("hostile.0").first()).toBeVisible();
    await expect(page.locator(".face-loading")).toHaveCount(0);
    expect(await page.locator("main img").count()).toBe(0);
    await expect(page).not.toHaveTitle("owned");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
  }
  await page.goto(`${url}/tenants/hostile.0`);
  await expect(page.getByText(markup).first()).toBeVisible();
});
