import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type BrowserContext, test as base, expect, type Page } from "@playwright/test";
import { type Running, start } from "./server.ts";

export { expect };

interface Each {
  /** What the console may complain of, because the test brings it about. */
  provoked: RegExp[];
  complaints: string[];
}

/** A program that asks for tokens, without the demonstration. */
export interface Guarded {
  url: string;
  /** Everything; no schedule of `fresh` is there for it to see; `acme` only to look at. */
  admin: string;
  operator: string;
  viewer: string;
}

/** A demonstration that all tests of a worker share, and pages whose console has to stay clean. */
export const test = base.extend<Each, { running: Running; guarded: Guarded }>({
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
  guarded: [
    // biome-ignore lint/correctness/noEmptyPattern: the runner reads the names out of the pattern
    async ({}, use) => {
      const { url, stop } = await start({ demo: false });
      const make = async (body: object, token?: string) => {
        const answer = await send(`${url}/api/tokens`, "POST", { token, body });
        return (answer as { secret: string }).secret;
      };
      const admin = await make({ name: "root", role: "admin" });
      const operator = await make({ name: "worker", role: "operator", tenants: ["fresh"] }, admin);
      const viewer = await make({ name: "looker", role: "viewer", tenants: ["acme"] }, admin);
      for (const tenant of ["acme", "best"]) {
        await api(url, "POST", "/schedule", tenant, { interval_sec: 3600 }, admin);
      }
      await use({ url, admin, operator, viewer });
      await stop();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ running }, use) => use(running.url),
  provoked: [[], { option: true }],
  complaints: [
    async ({ context, provoked }, use) => {
      const complaints = await listen(context);
      await use(complaints);
      expect(complaints.filter((each) => !provoked.some((one) => one.test(each)))).toEqual([]);
    },
    { auto: true },
  ],
});

/** What the browser itself writes of an answer that is none, or a refusal. */
export const refused = (...statuses: number[]) =>
  new RegExp(`Failed to load resource: .*status of (${statuses.join("|")})`);
export const lost = /Failed to load resource: net::ERR_/;

/** Collects the errors and warnings of all pages, and what the policy forbids. */
export async function listen(context: BrowserContext): Promise<string[]> {
  const complaints: string[] = [];
  context.on("weberror", (error) => complaints.push(error.error().message));
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      console.error("forbidden by the policy:", event.violatedDirective, event.blockedURI);
    });
  });
  return complaints;
}

/** Waits until the tenants that the tests look at have run once; others take their time. */
async function settled(url: string): Promise<void> {
  for (const tenant of ["peakpro-roofing", "flakyoak-roofing"]) {
    await api(url, "POST", "/run-now", tenant, { wait_sec: 30 });
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Axe {
  run(
    root: Document,
    options: object,
  ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/** Fails with the names of the rules that the page breaks, and where. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  await still(page);
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const found = await page.evaluate(async (runOnly) => {
    // What a menu lies upon is no target meanwhile.
    const isCovered = document.querySelector(":popover-open") !== null;
    const options = {
      runOnly,
      rules: { "target-size": { enabled: !isCovered } },
      resultTypes: ["violations"],
      preload: false,
    };
    const { violations } = await (window as unknown as { axe: Axe }).axe.run(document, options);
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`,
    );
  }, rules);
  expect.soft(found, where).toEqual([]);
}

/** Waits for what is under way: a colour that is on its way from one to another is neither. */
async function still(page: Page): Promise<void> {
  await page.evaluate(async () => {
    // What is half under the header is no smaller for that.
    if (!document.querySelector("dialog[open], :popover-open")) scrollTo(0, 0);
    // A page that is not painted has no frames.
    const frame = () =>
      new Promise((done) => {
        requestAnimationFrame(done);
        setTimeout(done, 1000);
      });
    const isMoving = () =>
      document
        .getAnimations()
        .filter((each) => each.playState === "running")
        .some((each) => each.effect?.getComputedTiming().iterations !== Infinity);
    for (let frames = 0; frames < 2 || (frames < 300 && isMoving()); frames += 1) await frame();
  });
}

/** Fails where the page would have to be scrolled sideways. */
export async function expectNoSideways(page: Page, where: string): Promise<void> {
  // On a phone, `innerWidth` grows with what sticks out.
  const { width } = page.viewportSize() ?? { width: 0 };
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
  await expect.soft
    .poll(wide, { message: `${where} at ${width} px`, timeout: 5000 })
    .toBeLessThanOrEqual(width);
}

async function send(
  url: string,
  method: string,
  { tenant, token, body }: { tenant?: string; token?: string; body?: unknown },
) {
  const response = await fetch(url, {
    method,
    headers: {
      ...(tenant ? { "x-tenant": tenant } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.json() as Promise<Record<string, unknown>>;
}

export function api(
  base: string,
  method: string,
  path: string,
  tenant?: string,
  body?: unknown,
  token?: string,
) {
  return send(`${base}/api/crm/import/acculynx${path}`, method, { tenant, token, body });
}

/** Lets the pages of a context be signed in from the start. */
export async function signIn(context: BrowserContext, url: string, token: string): Promise<void> {
  const answer = await context.request.post(`${url}/api/session`, { data: { token } });
  expect(answer.ok()).toBe(true);
}
