import { defineConfig } from "@playwright/test";
import { launchOptions } from "./e2e/browser.ts";

export default defineConfig({
  testDir: "e2e",
  timeout: 60_000,
  expect: { timeout: 15_000 },
  workers: 2,
  fullyParallel: false,
  // What fails once and not again is listed as flaky: a browser shares its cores with what else a machine does.
  retries: process.env.CI ? 1 : 0,
  reporter: "list",
  // `npm run e2e -- --trace on` shows what happened.
  use: { launchOptions, screenshot: "only-on-failure" },
});
