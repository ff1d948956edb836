import { get } from "node:http";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { register } from "./many.ts";
import { start } from "./server.ts";

/** Measures what the app promises, and prints it beside the goals. Figures are of this machine, now. */

interface Figure {
  what: string;
  value: number;
  goal: number;
  unit: string;
}

const figures: Figure[] = [];
const note = (what: string, value: number, goal: number, unit: string) =>
  figures.push({ what, value, goal, unit });
const sorted = (all: number[]) => [...all].sort((a, b) => a - b);
const part = (all: number[], of: number) =>
  sorted(all)[Math.min(all.length - 1, Math.floor(all.length * of))] ?? Number.NaN;

test.afterAll(() => {
  const row = (...cells: string[]) => console.log(`| ${cells.join(" | ")} |`);
  row("measure", "goal", "here", "met");
  row("---", "---", "---", "---");
  for (const { what, value, goal, unit } of figures) {
    const round = value < 1 ? value.toFixed(4) : value.toFixed(value < 100 ? 1 : 0);
    row(what, `≤ ${goal} ${unit}`, `${round} ${unit}`, value <= goal ? "yes" : "no");
  }
});

interface Load {
  fcp: number;
  lcp: number;
  cls: number;
  tbt: number;
}

/** Loads the page in a browser context that has never seen it. */
async function load(browser: Browser, url: string, slow: boolean): Promise<Load> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  if (slow) {
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    const speed = (1.6 * 1024 * 1024) / 8;
    const line = { latency: 150, downloadThroughput: speed, uploadThroughput: speed / 2 };
    await session.send("Network.emulateNetworkConditions", { offline: false, ...line });
    await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  }
  await page.addInitScript(() => {
    const seen = { lcp: 0, cls: 0, tasks: [] as [number, number][] };
    Object.assign(window, { seen });
    const watch = (type: string, take: (entry: PerformanceEntry) => void) =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({
        type,
        buffered: true,
      });
    watch("largest-contentful-paint", (entry) => {
      seen.lcp = entry.startTime;
    });
    watch("layout-shift", (entry) => {
      seen.cls += (entry as PerformanceEntry & { value: number }).value;
    });
    watch("longtask", (entry) => seen.tasks.push([entry.startTime, entry.duration]));
  });
  await page.goto(url);
  await page.locator("[data-tenant]").first().waitFor();
  await page.waitForTimeout(slow ? 5000 : 2500);
  const measured = await page.evaluate(() => {
    const { seen } = window as unknown as {
      seen: { lcp: number; cls: number; tasks: [number, number][] };
    };
    const fcp = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity;
    const blocking = seen.tasks.filter(([at]) => at >= fcp);
    const tbt = blocking.reduce((all, [, took]) => all + Math.max(0, took - 50), 0);
    return { fcp, lcp: seen.lcp, cls: seen.cls, tbt };
  });
  await context.close();
  return measured;
}

test("cold load", async ({ browser }) => {
  const running = await start({ demo: false, args: ["--store=memory"] });
  await register(running.url, 100);
  for (const slow of [false, true]) {
    const all: Load[] = [];
    for (let times = 0; times < 5; times += 1) all.push(await load(browser, running.url, slow));
    const middle = (name: keyof Load) =>
      part(
        all.map((each) => each[name]),
        0.5,
      );
    const where = slow ? "150 ms, 1.6 Mbit/s, 4x CPU" : "no throttle";
    note(`first contentful paint, ${where}`, middle("fcp"), slow ? 2000 : 600, "ms");
    if (slow) note(`total blocking time, ${where}`, middle("tbt"), 400, "ms");
    else note(`largest contentful paint, ${where}`, middle("lcp"), 1000, "ms");
    note(`layout shift, ${where}`, middle("cls"), 0.02, "");
  }
  await running.stop();
});

/** How long the frames take while the list is scrolled at a steady 7,200 px/s. */
const frames = (page: Page) =>
  page.evaluate(async () => {
    const all: number[] = [];
    let last = performance.now();
    const end = last + 6000;
    for (;;) {
      const now = await new Promise<number>(requestAnimationFrame);
      all.push(now - last);
      scrollBy(0, ((now - last) * 7200) / 1000);
      last = now;
      if (now >= end) return all;
    }
  });

/** How many bytes of body are sent to a browser. */
function size(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "accept-encoding": "gzip, deflate, br" } }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => (bytes += chunk.length));
      answer.on("end", () => resolve(bytes));
    }).on("error", reject);
  });
}

test("ten thousand tenants", async ({ page }) => {
  const running = await start({ demo: false, args: ["--store=memory"] });
  await register(running.url, 10_000);
  await page.goto(running.url);
  await expect(page.getByText(/^Showing 1–\d+ of 10,000/)).toBeVisible();
  // Once to have the pages, once to measure.
  await frames(page);
  await page.evaluate(() => scrollTo(0, 0));
  const took = await frames(page);
  note("scrolling 10,000 tenants, frame p50", part(took, 0.5), 17, "ms");
  note("scrolling 10,000 tenants, frame p95", part(took, 0.95), 50, "ms");
  note("rows in the page", await page.locator("[data-tenant]").count(), 45, "");

  await page.evaluate(() => scrollTo(0, 0));
  const search = page.getByRole("searchbox", { name: "Search tenants" });
  const searches: number[] = [];
  for (const name of ["t-00042", "t-09999", "t-05000", "t-01234", "t-07777"]) {
    await search.fill("");
    await expect(page.getByText(/^Showing 1–\d+ of 10,000/)).toBeVisible();
    const found = page.evaluate(
      (name) =>
        new Promise<number>((resolve) => {
          const field = document.querySelector("input[type=search]");
          let begun = 0;
          field?.addEventListener("input", () => (begun = performance.now()), { once: true });
          const look = () => {
            const rows = document.querySelectorAll("[data-tenant]");
            const isThere = rows.length === 1 && rows[0]?.getAttribute("data-tenant") === name;
            if (begun > 0 && isThere) resolve(performance.now() - begun);
            else requestAnimationFrame(look);
          };
          look();
        }),
      name,
    );
    await search.fill(name);
    searches.push(await found);
  }
  note("search to result, with its 200 ms of waiting, median", part(searches, 0.5), 400, "ms");

  const list = `${running.url}/api/crm/import/acculynx/schedules?limit=100`;
  note("first page of 100 tenants, compressed", (await size(list)) / 1000, 6, "kB");
  await running.stop();
});
