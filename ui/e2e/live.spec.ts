import { expect, test } from "./fixtures.ts";

test("drops the stream, polls, and streams again", async ({ page }) => {
  test.slow();
  let broken = true;
  await page.route("**/api/events", (route) => (broken ? route.abort() : route.continue()));
  await page.goto("/");
  await expect(page.getByRole("button", { name: /^Refreshing every 15 s/ })).toBeVisible({
    timeout: 30_000,
  });
  broken = false;
  // Coming back to the page begins anew.
  await page.context().setOffline(true);
  await expect(page.getByRole("button", { name: /^Offline/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Pause, peakpro-roofing" })).toBeDisabled();
  await page.context().setOffline(false);
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible({ timeout: 20_000 });
});

test("two tabs share one stream", async ({ context, baseURL }) => {
  const streams: string[] = [];
  context.on("request", (request) => {
    if (request.url().endsWith("/api/events")) streams.push(request.url());
  });
  const first = await context.newPage();
  await first.goto(baseURL ?? "");
  await expect(first.getByRole("button", { name: /^Live/ })).toBeVisible();
  const second = await context.newPage();
  await second.goto(baseURL ?? "");
  await expect(second.getByRole("button", { name: /^Live/ })).toBeVisible({ timeout: 20_000 });
  expect(streams).toHaveLength(1);
  // The other takes over once the first is gone.
  await first.close();
  await expect.poll(() => streams.length).toBe(2);
});

test("an idle poll costs next to nothing", async ({ page }) => {
  await page.goto("/settings");
  await page.getByRole("combobox", { name: "Refresh" }).selectOption("5");
  const answer = await page.waitForResponse((response) => response.url().includes("/api/changes"));
  expect([200, 304, 410]).toContain(answer.status());
});
