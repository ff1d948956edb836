import { expect, type Page, test } from "@playwright/test";
import { expectAccessible } from "./fixtures.ts";
import { type Running, start } from "./server.ts";

let running: Running;
let admin: string;
let viewer: string;

test.beforeAll(async () => {
  running = await start({ demo: false });
  const make = async (body: object, token?: string) => {
    const response = await fetch(`${running.url}/api/tokens`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify(body),
    });
    return ((await response.json()) as { secret: string }).secret;
  };
  admin = await make({ name: "root", role: "admin" });
  viewer = await make({ name: "looker", role: "viewer", tenants: ["acme"] }, admin);
  for (const tenant of ["acme", "best"]) {
    await fetch(`${running.url}/api/crm/import/acculynx/schedule`, {
      method: "POST",
      headers: {
        "x-tenant": tenant,
        authorization: `Bearer ${admin}`,
        "content-type": "application/json",
      },
      body: '{"interval_sec":3600}',
    });
  }
});
test.afterAll(() => running.stop());

async function signIn(page: Page, token: string) {
  await page.goto(running.url);
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("a token becomes a session, and is kept nowhere", async ({ page }) => {
  await page.goto(running.url);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expectAccessible(page, "sign in");
  await page.getByLabel("Access token").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText(/Authentication required/)).toBeVisible();
  await signIn(page, admin);
  await expect(page.getByRole("row", { name: /best/ })).toBeVisible();
  const kept = await page.evaluate(
    () =>
      JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie,
  );
  expect(kept).not.toContain(admin);
  expect(kept).not.toMatch(/alk/);
  await page.reload();
  await expect(page.getByRole("row", { name: /best/ })).toBeVisible();
  await page.getByRole("button", { name: /root/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("who may only look sees its own tenants, and nothing to press", async ({ page }) => {
  await signIn(page, viewer);
  const row = page.getByRole("row", { name: /acme/ });
  await expect(row).toBeVisible();
  await expect(page.getByRole("row", { name: /best/ })).toHaveCount(0);
  await expect(row.getByRole("button", { name: "Pause, acme" })).toBeDisabled();
  await expect(row.getByRole("button", { name: "Run now, acme" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "New schedule" })).toBeDisabled();
  await page.goto(`${running.url}/tenants/acme?tab=settings`);
  await expect(page.getByRole("button", { name: "Save and test" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Delete schedule…" })).toBeDisabled();
  await page.goto(`${running.url}/settings`);
  await expect(page.getByRole("heading", { name: "Access tokens" })).toHaveCount(0);
});
