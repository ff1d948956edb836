import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";
import { type Running, start } from "./server.ts";

export { expect };

/** A demonstration that all tests of a file share, and a page whose console has to stay clean. */
export const test = base.extend<{ complaints: string[] }, { running: Running }>({
  running: [
    // biome-ignore lint/correctness/noEmptyPattern: the runner reads the names out of the pattern
    async ({}, use) => {
      const running = await start();
      await settled(running.url);
      await use(running);
      await running.stop();
    },
    { scope: "worker", timeout: 180_000 },
  ],
  baseURL: async ({ running }, use) => use(running.url),
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        const text = message.text();
        // What a test asked the server to refuse is no fault of the page.
        if (message.type() === "error" && !/Failed to load resource/.test(text)) {
          complaints.push(text);
        }
      });
      await use(complaints);
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until the tenants that the tests look at have run once; others take their time. */
async function settled(url: string): Promise<void> {
  for (let tries = 0; tries < 240; tries += 1) {
    const { schedules } = (await api(url, "GET", "/schedules")) as {
      schedules: { tenant: string; last_run: number | null }[];
    };
    const waiting = schedules.filter(({ last_run }) => last_run === null);
    if (!waiting.some(({ tenant }) => /peakpro|flakyoak/.test(tenant))) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("the demonstration does not come to rest");
}

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Fails with the names of the rules that the page breaks, and where. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  // A colour that is still on its way from one to another is neither.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((each) => each.effect?.getComputedTiming().iterations !== Infinity)
        .map((each) => each.finished.catch(() => undefined)),
    ),
  );
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`,
  );
  expect(found, where).toEqual([]);
}

/** Fails where the page would have to be scrolled sideways. */
export async function expectNoSideways(page: Page, where: string): Promise<void> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide, where).toBeLessThanOrEqual(0);
}

export async function api(
  base: string,
  method: string,
  path: string,
  tenant?: string,
  body?: unknown,
) {
  const response = await fetch(`${base}/api/crm/import/acculynx${path}`, {
    method,
    headers: {
      ...(tenant ? { "x-tenant": tenant } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.json() as Promise<Record<string, unknown>>;
}
