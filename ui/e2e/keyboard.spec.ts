import { api, expect, test } from "./fixtures.ts";

test("the whole of it by keyboard alone", async ({ page, baseURL }) => {
  await api(baseURL ?? "", "POST", "/schedule", "aaa-first", { interval_sec: 3600 });
  await page.goto("/");
  const row = page.getByRole("row", { name: /aaa-first/ });
  await expect(row).toBeVisible();
  await page.keyboard.press("j");
  await expect(row).toBeFocused();
  await page.keyboard.press("p");
  await expect(row.getByText("PAUSED")).toBeVisible();
  await page.keyboard.press("p");
  await expect(row.getByText("PAUSED")).toHaveCount(0);
  await page.keyboard.press("x");
  await expect(page.getByRole("region", { name: "Selection" })).toContainText("1 selected");
  await page.keyboard.press("x");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "aaa-first" })).toBeFocused();
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await expect(page.getByRole("heading", { level: 1, name: "Tenants" })).toBeFocused();

  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Search tenants" })).toBeFocused();
  await page.keyboard.type("aaa");
  await expect(page).toHaveURL(/q=aaa/);
  await expect(page.getByText("Showing 1–1 of 1")).toBeVisible();

  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox", { name: "Command or tenant" })).toBeFocused();
  await page.keyboard.type("pause aaa");
  await expect(page.getByRole("option", { name: /Pause aaa-first/ })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(row.getByText("PAUSED")).toBeVisible();

  await row.focus();
  await page.keyboard.press("#");
  await expect(page.getByRole("alertdialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(row).toBeFocused();
  await page.keyboard.press("#");
  await page.getByRole("alertdialog").getByRole("textbox").focus();
  await page.keyboard.type("aaa-first");
  await page.keyboard.press("Enter");
  await expect(row).toHaveCount(0);
});

test("single letters can be turned off", async ({ page }) => {
  await page.goto("/settings");
  await page.getByRole("checkbox", { name: "Single-letter shortcuts" }).uncheck();
  await page.getByRole("heading", { level: 1 }).focus();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});
