import { defineConfig } from "@playwright/test";
import { launchOptions } from "./browser.ts";

/** Not tests: the pictures of the README and of the app's manifest, and measurements. */
export default defineConfig({
  testDir: ".",
  testMatch: ["screenshots.ts", "probe.ts"],
  timeout: 900_000,
  workers: 1,
  reporter: "list",
  use: { launchOptions },
});
