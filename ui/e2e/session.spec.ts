import type { Page } from "@playwright/test";
import { expect, expectAccessible, refused, test } from "./fixtures.ts";

test.use({ provoked: [refused(401)] });

async function enter(page: Page, url: string, token: string) {
  await page.goto(url);
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("a token becomes a session, and is kept nowhere", async ({
  page,
  guarded: { url, admin },
}) => {
  await page.goto(url);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expectAccessible(page, "sign in");
  await page.getByLabel("Access token").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText(/Authentication required/)).toBeVisible();
  await enter(page, url, admin);
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

test("who may only look sees its own tenants, and nothing to press", async ({ page, guarded }) => {
  await enter(page, guarded.url, guarded.viewer);
  const row = page.getByRole("row", { name: /acme/ });
  await expect(row).toBeVisible();
  await expect(page.getByRole("row", { name: /best/ })).toHaveCount(0);
  await expect(row.getByRole("button", { name: "Pause, acme" })).toBeDisabled();
  await expect(row.getByRole("button", { name: "Run now, acme" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "New schedule" })).toBeDisabled();
  await page.goto(`${guarded.url}/tenants/acme?tab=settings`);
  await expect(page.getByRole("button", { name: "Save and test" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Delete schedule…" })).toBeDisabled();
  await page.goto(`${guarded.url}/settings`);
  await expect(page.getByRole("heading", { name: "Access tokens" })).toHaveCount(0);
});
