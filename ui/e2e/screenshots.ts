import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { test } from "@playwright/test";
import { api } from "./fixtures.ts";
import { start } from "./server.ts";

const images = path.join(import.meta.dirname, "../../docs/images");
const shipped = path.join(import.meta.dirname, "../web/public");

test("pictures", async ({ browser }) => {
  mkdirSync(images, { recursive: true });
  const running = await start();
  await api(running.url, "POST", "/pause", "summit-gutters", { reason: "CRM migration" });
  await api(running.url, "POST", "/schedule", "northgate-solar", { interval_sec: 900 });
  // Long enough for some history to be seen.
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.WAIT_SEC ?? 240) * 1000));
  const shots = [
    { name: "wide", width: 1280, height: 800, path: "/", manifest: true },
    { name: "phone", width: 390, height: 844, path: "/", manifest: true },
    {
      name: "tenant",
      width: 1280,
      height: 1100,
      path: "/tenants/flakyoak-roofing",
      manifest: false,
    },
  ];
  for (const { name, width, height, path: at, manifest } of shots) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: "dark",
      isMobile: width < 500,
      hasTouch: width < 500,
    });
    const page = await context.newPage();
    await page.goto(running.url + at);
    await page.waitForTimeout(4000);
    const file = path.join(images, `ui-${name}.png`);
    await page.screenshot({ path: file });
    if (manifest) copyFileSync(file, path.join(shipped, `shot-${name}.png`));
    await context.close();
  }
  await running.stop();
});
