// Draws the app's icons from their one drawing. Run it after changing icon.svg.
import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";

const folder = new URL("../web/public/", import.meta.url);
const svg = readFileSync(new URL("icon.svg", folder), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});

async function draw(name, size, drawing) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(
    `<style>*{margin:0}svg{display:block;width:100vw;height:100vh}</style>${drawing}`,
  );
  await page.screenshot({ path: new URL(name, folder).pathname, omitBackground: true });
  await page.close();
}

await draw("icon-192.png", 192, svg);
await draw("icon-512.png", 512, svg);
// Launchers cut this one to their own shape: no corners, and the drawing well inside.
const whole = svg
  .replace(' rx="112"', "")
  .replace("<g ", '<g transform="translate(51 51) scale(.8)" ')
  .replace(/<circle/, '<circle transform="translate(51 51) scale(.8)"');
await draw("icon-maskable-512.png", 512, whole);
await browser.close();
