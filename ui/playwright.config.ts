import { defineConfig } from "@playwright/test";
import { launchOptions } from "./e2e/browser.ts";

export default defineConfig({
  testDir: "e2e",
  timeout: 60_000,
  workers: 1,
  fullyParallel: false,
  reporter: "list",
  use: { launchOptions, trace: "retain-on-failure" },
});
