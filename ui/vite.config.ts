import react from "@vitejs/plugin-react";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";

const server = process.env.COMMAND_CENTER_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  root: "web",
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "baseline-widely-available",
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/ops", "/metrics", "/openapi.json"].map((path) => [path, { target: server }]),
    ),
  },
  plugins: [
    react(),
    VitePWA({
      registerType: "prompt",
      injectRegister: false,
      manifestFilename: "manifest.json",
      manifest: {
        id: "/",
        name: "AetherLink Command Center",
        short_name: "AetherLink",
        description: "Schedules, runs and audit of every tenant's CRM sync.",
        lang: "en",
        start_url: "/?from=app",
        scope: "/",
        display: "standalone",
        orientation: "portrait-primary",
        theme_color: "#0f172a",
        background_color: "#0f172a",
        categories: ["business", "productivity"],
        icons: [
          { src: "/icon-192.png", sizes: "192x192", type: "image/png", purpose: "any" },
          { src: "/icon-512.png", sizes: "512x512", type: "image/png", purpose: "any" },
          {
            src: "/icon-maskable-512.png",
            sizes: "512x512",
            type: "image/png",
            purpose: "maskable",
          },
        ],
        shortcuts: [
          { name: "Failing tenants", url: "/?state=error,broken,backoff" },
          { name: "Audit", url: "/audit" },
        ],
        screenshots: [
          { src: "/shot-wide.png", sizes: "1280x800", type: "image/png", form_factor: "wide" },
          { src: "/shot-phone.png", sizes: "390x844", type: "image/png", form_factor: "narrow" },
        ],
      },
      workbox: {
        navigateFallback: "/index.html",
        // What the server answers is never the shell's to keep.
        navigateFallbackDenylist: [
          /^\/api(\/|$)/,
          /^\/ops(\/|$)/,
          /^\/metrics/,
          /^\/openapi\.json/,
        ],
        globPatterns: ["**/*.{js,css,html,svg,png}"],
        globIgnores: ["shot-*.png"],
        cleanupOutdatedCaches: true,
        clientsClaim: true,
        inlineWorkboxRuntime: true,
      },
    }),
  ],
  test: {
    environment: "jsdom",
    setupFiles: "./src/test/setup.ts",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
