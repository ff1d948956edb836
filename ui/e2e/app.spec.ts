import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "@playwright/test";
import { launchOptions } from "./browser.ts";
import { expect, test } from "./fixtures.ts";

test("can be installed, and opens offline with what was last seen", async ({ baseURL }) => {
  const profile = mkdtempSync(path.join(tmpdir(), "profile-"));
  // An ordinary context counts as a private window, where nothing is ever installed.
  const context = await chromium.launchPersistentContext(profile, {
    ...launchOptions,
    viewport: { width: 390, height: 844 },
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !/Failed to load resource/.test(message.text()))
        complaints.push(message.text());
    });
    await page.goto(baseURL ?? "");
    await expect(page.getByRole("row", { name: /peakpro/ })).toBeVisible();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    const session = await context.newCDPSession(page);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    expect(installabilityErrors).toEqual([]);
    const manifest = await session.send("Page.getAppManifest");
    expect(manifest.errors).toEqual([]);
    expect(JSON.parse(manifest.data ?? "{}")).toMatchObject({
      name: "AetherLink Command Center",
      display: "standalone",
      theme_color: "#0f172a",
      background_color: "#0f172a",
      orientation: "portrait-primary",
    });
    // What was seen is kept a moment after it was read.
    await page.waitForTimeout(4000);
    await context.setOffline(true);
    await page.reload();
    await expect(page.getByRole("row", { name: /peakpro/ })).toBeVisible();
    // The browser does not always tell a reloaded page that its network was taken away.
    await expect(page.getByRole("button", { name: /^(Offline|No answer|Stale)/ })).toBeVisible();
    const cached = await page.evaluate(async () => {
      const urls: string[] = [];
      for (const name of await caches.keys()) {
        for (const request of await (await caches.open(name)).keys())
          urls.push(new URL(request.url).pathname);
      }
      return urls;
    });
    expect(cached.length).toBeGreaterThan(5);
    expect(cached.filter((url) => /^\/(api|ops|metrics)/.test(url))).toEqual([]);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
});
