import { defineConfig } from "@playwright/test";
import { launchOptions } from "./browser.ts";

/** Takes the pictures of the README and of the app's manifest; no test. */
export default defineConfig({
  testDir: ".",
  testMatch: "screenshots.ts",
  timeout: 420_000,
  workers: 1,
  reporter: "list",
  use: { launchOptions },
});
