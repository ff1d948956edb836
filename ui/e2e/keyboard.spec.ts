import type { Locator, Page } from "@playwright/test";
import { expect, refused, test } from "./fixtures.ts";

test.describe("by keyboard alone", () => {
  // The import fails: there is no key. Its retry may end while the form is open: then it is saved upon what is new.
  test.use({ provoked: [refused(502, 412)] });

  test("a schedule from its making to its end", async ({ page }) => {
    const { keyboard } = page;
    const row = page.getByRole("row", { name: "aaa-keys" });
    const field = (name: string | RegExp) => page.getByRole("textbox", { name });
    await page.goto("/");
    await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();

    // Made from the palette.
    await keyboard.press("Control+k");
    await expect(page.getByRole("combobox", { name: "Command or tenant" })).toBeFocused();
    await keyboard.type("new sched");
    await expect(page.getByRole("option", { name: /^New schedule/, selected: true })).toBeVisible();
    await keyboard.press("Enter");
    await expect(field(/Tenant/)).toBeFocused();
    await keyboard.type("aaa-keys");
    await tabTo(page, page.getByRole("combobox", { name: "Runs" }));
    await keyboard.type("every 1 h");
    await tabTo(page, page.getByRole("combobox", { name: "First run" }));
    await keyboard.type("not before");
    await tabTo(page, page.getByRole("button", { name: "Create schedule" }));
    await keyboard.press("Enter");
    await expect(row.getByText("NEVER RUN")).toBeVisible();

    // Watched, paused, run while paused, and resumed on its row.
    await keyboard.press("j");
    await expect(row).toBeFocused();
    await keyboard.press("p");
    await expect(row.getByText("PAUSED")).toBeVisible();
    await keyboard.press("r");
    await expect(page.getByText("aaa-keys: import failed")).toBeVisible();
    await expect(row.getByText("PAUSED")).toBeVisible();
    await expect(row).toBeFocused();
    await keyboard.press("p");
    await expect(row.getByText("PAUSED")).toHaveCount(0);
    await keyboard.press("x");
    await expect(page.getByRole("region", { name: "Selection" })).toContainText("1 selected");
    await keyboard.press("x");

    // Edited, with the focus going back to where it came from.
    await keyboard.press("e");
    await expect(page.getByRole("dialog")).toBeVisible();
    await tabTo(page, page.getByRole("combobox", { name: "Runs" }));
    await keyboard.type("every 15 min");
    await tabTo(page, page.getByRole("button", { name: "Save", exact: true }));
    await keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(row.getByRole("button", { name: /every 15 min/ })).toBeVisible();
    await expect(row).toBeFocused();

    // Opened, and back.
    await keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "aaa-keys" })).toBeFocused();
    await keyboard.press("g");
    await keyboard.press("t");
    await expect(page.getByRole("heading", { level: 1, name: "Tenants" })).toBeFocused();

    // Found, and paused by its name.
    await keyboard.press("/");
    await expect(page.getByRole("searchbox", { name: "Search tenants" })).toBeFocused();
    await keyboard.type("aaa");
    await expect(page).toHaveURL(/q=aaa/);
    await expect(page.getByText(/^Showing 1–1 of 1/)).toBeVisible();
    await keyboard.press("Control+k");
    await keyboard.type("pause aaa");
    await expect(
      page.getByRole("option", { name: /Pause aaa-keys/, selected: true }),
    ).toBeVisible();
    await keyboard.press("Enter");
    await expect(row.getByText("PAUSED")).toBeVisible();

    // Deleted, once that was asked twice.
    await tabTo(page, row);
    await keyboard.press("#");
    await expect(page.getByRole("alertdialog")).toBeVisible();
    await keyboard.press("Escape");
    await expect(row).toBeFocused();
    await keyboard.press("#");
    await expect(page.getByRole("alertdialog").getByRole("textbox")).toBeFocused();
    await keyboard.type("aaa-keys");
    await keyboard.press("Enter");
    await expect(row).toHaveCount(0);

    await keyboard.press("g");
    await keyboard.press("a");
    await expect(page.getByRole("heading", { level: 1, name: "Audit" })).toBeFocused();
    await tabTo(page, page.getByLabel("Tenant", { exact: true }));
    await keyboard.type("aaa-keys");
    const trail = page.getByRole("region", { name: "Audit entries" });
    for (const operation of ["delete", "edit", "resume", "run-now", "pause", "schedule"]) {
      await expect(trail.getByText(operation, { exact: true }).first()).toBeVisible();
    }
  });
});

/** Presses Tab until what is wanted has the focus. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${wanted} is not reached by Tab`);
}

test("single letters can be turned off", async ({ page }) => {
  await page.goto("/settings");
  await page.getByRole("checkbox", { name: "Single-letter shortcuts" }).uncheck();
  await page.getByRole("heading", { level: 1 }).focus();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});
