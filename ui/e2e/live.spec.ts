import { expect, lost, signIn, test } from "./fixtures.ts";
import { front } from "./front.ts";

test.describe("a stream that drops", () => {
  test.use({ provoked: [lost] });

  test("gives way to polling, and comes back", async ({ page }) => {
    let broken = true;
    await page.route("**/api/events", (route) => (broken ? route.abort() : route.continue()));
    await page.goto("/");
    const pill = page.getByRole("button", { name: /Refresh now$/ });
    await expect(pill).toHaveAccessibleName(/^Refreshing every 15 s/);
    await expect(page.getByRole("button", { name: "Pause, peakpro-roofing" })).toBeEnabled();
    broken = false;
    // A network that comes back begins anew.
    await page.context().setOffline(true);
    await expect(pill).toHaveAccessibleName(/^Offline/);
    await page.context().setOffline(false);
    await expect(pill).toHaveAccessibleName(/^Live/);
  });

  test("locks commands while the server is away, in every tab", async ({ context, running }) => {
    const between = await front(running.url);
    const [first, second] = [await context.newPage(), await context.newPage()];
    for (const page of [first, second]) {
      await page.goto(between.url);
      await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
    }
    await second.getByRole("button", { name: "More for peakpro-roofing" }).click();
    await second.getByRole("menuitem", { name: "Pause until…" }).click();
    const inDialog = second.getByRole("dialog").getByRole("button", { name: "Pause" });
    await expect(inDialog).toBeEnabled();
    between.lose();
    await expect(inDialog).toBeDisabled();
    await expect(inDialog).toHaveAttribute("title", /^Offline/);
    await second.keyboard.press("Escape");
    for (const page of [first, second]) {
      await expect(page.getByRole("button", { name: /^Offline, data from/ })).toBeVisible();
      await expect(page.getByRole("button", { name: "Pause, peakpro-roofing" })).toBeDisabled();
    }
    between.find();
    for (const page of [first, second]) {
      await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
      await expect(page.getByRole("button", { name: "Pause, peakpro-roofing" })).toBeEnabled();
      await page.close();
    }
    between.stop();
  });
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
  await expect(second.getByRole("button", { name: /^Live/ })).toBeVisible();
  expect(streams).toHaveLength(1);
  // The other takes over once the first is gone.
  await first.close();
  await expect.poll(() => streams.length).toBe(2);
});

test("an idle poll is a 304 of no more than 400 bytes", async ({ page, guarded, context }) => {
  // Nothing happens there: no tenant is due within the hour.
  await signIn(context, guarded.url, guarded.admin);
  await page.goto(`${guarded.url}/settings`);
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  const polls = new Map<string, { status: number; head: number; body: number }>();
  const poll = (id: string, part: object) => {
    const known = polls.get(id);
    if (known) Object.assign(known, part);
  };
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/changes") polls.set(requestId, { status: 0, head: Infinity, body: 0 });
  });
  session.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode, headersText }) => {
    poll(requestId, { status: statusCode, head: headersText?.length ?? Infinity });
  });
  session.on("Network.dataReceived", ({ requestId, dataLength }) => {
    poll(requestId, { body: (polls.get(requestId)?.body ?? 0) + dataLength });
  });
  await page.getByRole("combobox", { name: "Refresh" }).selectOption("5");
  await expect(page.getByRole("button", { name: /^Refreshing every 5 s/ })).toBeVisible();
  // The first of all has news.
  const idle = () => [...polls.values()].filter(({ status }) => status === 304);
  await expect.poll(() => idle().length).toBeGreaterThan(0);
  for (const { head, body } of idle()) {
    expect(head).toBeLessThanOrEqual(400);
    expect(body).toBe(0);
  }
});
