import { expect, lost, test } from "./fixtures.ts";
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
    between.lose();
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
  await context.request.post(`${guarded.url}/api/session`, { data: { token: guarded.admin } });
  await page.goto(`${guarded.url}/settings`);
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  const polls = new Map<string, { status: number; bytes: number }>();
  const wanted = new Set<string>();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.url.includes("/api/changes")) wanted.add(requestId);
  });
  session.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode, headersText }) => {
    polls.set(requestId, { status: statusCode, bytes: headersText?.length ?? Infinity });
  });
  let body = 0;
  session.on("Network.dataReceived", ({ requestId, encodedDataLength }) => {
    if (wanted.has(requestId)) body += encodedDataLength;
  });
  await page.getByRole("combobox", { name: "Refresh" }).selectOption("5");
  await expect(page.getByRole("button", { name: /^Refreshing every 5 s/ })).toBeVisible();
  // The first after a while may have news; those after it have none.
  const seen = () => [...wanted].map((id) => polls.get(id)).filter((poll) => poll !== undefined);
  await expect.poll(() => seen().filter(({ status }) => status === 304).length).toBeGreaterThan(0);
  const idle = seen().filter(({ status }) => status === 304);
  console.log(`idle poll: ${idle.map(({ bytes }) => bytes).join(", ")} bytes`);
  for (const { bytes } of idle) expect(bytes).toBeLessThanOrEqual(400);
  expect(body).toBe(0);
});
