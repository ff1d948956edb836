import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { launchOptions } from "./browser.ts";
import { expect, expectAccessible, listen, lost, test } from "./fixtures.ts";
import { type Front, front } from "./front.ts";

/** A browser with a profile: an ordinary context counts as a private window, where nothing is ever installed. */
const installed = test.extend<{ front: Front; home: BrowserContext; first: Page }>({
  front: async ({ running }, use) => {
    const made = await front(running.url);
    await use(made);
    made.stop();
  },
  // Goes before the front does.
  home: async ({ provoked, front: _ }, use) => {
    const profile = mkdtempSync(path.join(tmpdir(), "profile-"));
    const viewport = { width: 390, height: 844 };
    const home = await chromium.launchPersistentContext(profile, { ...launchOptions, viewport });
    const complaints = await listen(home);
    await use(home);
    await home.close();
    rmSync(profile, { recursive: true, force: true });
    expect(complaints.filter((each) => !provoked.some((one) => one.test(each)))).toEqual([]);
  },
  first: async ({ front, home }, use) => {
    const page = home.pages()[0] ?? (await home.newPage());
    await page.goto(front.url);
    await expect(page.getByRole("row", { name: /peakpro/ })).toBeVisible();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await use(page);
  },
});

installed("can be installed", async ({ home, first }) => {
  const session = await home.newCDPSession(first);
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
});

/** The names of the tenants that are kept for offline. */
const kept = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<string>((resolve, reject) => {
        const opening = indexedDB.open("keyval-store");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const reading = opening.result.transaction("keyval").objectStore("keyval").get("queries");
          reading.onsuccess = () => {
            opening.result.close();
            resolve(String(reading.result));
          };
        };
      }),
  );

installed.describe("without network", () => {
  installed.use({ provoked: [lost] });

  for (const told of [true, false]) {
    installed(
      `opens with what was last seen, and commands nothing, ${told ? "" : "not "}told by the browser`,
      async ({ home, front, first }) => {
        await expect.poll(() => kept(first)).toContain("peakpro-roofing");
        if (told) await home.setOffline(true);
        else front.lose();
        await first.reload();
        await expect(first.getByRole("row", { name: /peakpro/ })).toBeVisible();
        await expect(
          first.getByRole("button", { name: /^Offline, data from \d\d:\d\d/ }),
        ).toBeVisible();
        await expect(first.getByText(/What you see is from \d{4}-\d\d-\d\d/)).toBeVisible();
        const reason = "Offline: commands are not kept for later";
        for (const name of ["Pause, peakpro-roofing", "Run now, peakpro-roofing"]) {
          const button = first.getByRole("button", { name });
          await expect(button).toBeDisabled();
          await expect(button).toHaveAttribute("title", reason);
        }
        await expect(first.getByRole("button", { name: "New schedule" })).toBeDisabled();
        await first.getByRole("button", { name: "More for peakpro-roofing" }).click();
        await expect(first.getByRole("menuitem", { name: "Delete…" })).toBeDisabled();
        await first.keyboard.press("Escape");
        await expectAccessible(first, "offline");

        // What was never read says so, and comes once the network does.
        await first.getByRole("link", { name: "Audit" }).last().click();
        await expect(first.getByRole("heading", { name: "Not kept for offline" })).toBeVisible();
        if (told) await home.setOffline(false);
        else front.find();
        await expect(first.getByRole("region", { name: "Audit entries" })).toContainText(/peakpro/);
        await expect(first.getByRole("button", { name: /^Live/ })).toBeVisible();
        await first.getByRole("link", { name: "Tenants" }).last().click();
        await expect(first.getByRole("button", { name: "Pause, peakpro-roofing" })).toBeEnabled();

        const shell = await first.evaluate(async () => {
          const urls: string[] = [];
          for (const name of await caches.keys()) {
            const requests = await (await caches.open(name)).keys();
            urls.push(...requests.map((request) => new URL(request.url).pathname));
          }
          return urls;
        });
        expect(shell.length).toBeGreaterThan(5);
        expect(shell.filter((url) => /^\/(api|ops|metrics)/.test(url))).toEqual([]);
      },
    );
  }
});

installed("offers a new version, and takes it when told to", async ({ home, front, first }) => {
  const second = await home.newPage();
  await second.goto(front.url);
  await expect(second.getByRole("row", { name: /peakpro/ })).toBeVisible();
  const reloads: Page[] = [];
  for (const page of [first, second]) page.on("load", () => reloads.push(page));

  await first.getByRole("button", { name: "New schedule" }).click();
  const form = first.getByRole("dialog", { name: "New schedule" });
  await form.getByRole("textbox", { name: /Tenant/ }).fill("half-typed");
  front.rewrite("/sw.js", (original) => `${original}\n// another version`);
  await first.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    await registration?.update();
  });
  const offer = (page: Page) => page.getByRole("button", { name: "Update", exact: true });
  await expect(offer(second)).toBeVisible();
  // Nothing happens to what is being typed.
  await expect(form.getByRole("textbox", { name: /Tenant/ })).toHaveValue("half-typed");
  await expect(offer(first)).toHaveCount(0);
  expect(reloads).toEqual([]);

  // The other page is taken along, yet loads anew only when its person says so.
  await offer(second).click();
  await expect.poll(() => reloads).toEqual([second]);
  await expect(second.getByRole("row", { name: /peakpro/ })).toBeVisible();
  await expect(offer(second)).toHaveCount(0);
  await expect(form.getByRole("textbox", { name: /Tenant/ })).toHaveValue("half-typed");
  first.on("dialog", (dialog) => void dialog.accept());
  await first.keyboard.press("Escape");
  await offer(first).click();
  await expect.poll(() => reloads).toEqual([second, first]);
  await expect(first.getByRole("row", { name: /peakpro/ })).toBeVisible();
  await expect(offer(first)).toHaveCount(0);
});
