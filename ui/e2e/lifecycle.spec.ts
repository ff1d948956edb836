import type { Locator } from "@playwright/test";
import { api, expect, refused, test } from "./fixtures.ts";
import { chooseForAll } from "./many.ts";

const hands = [
  { name: "by mouse", use: {}, press: (target: Locator) => target.click() },
  {
    name: "by finger, at 390 px",
    use: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
    press: (target: Locator) => target.tap(),
  },
];

for (const { name, use, press } of hands) {
  test.describe(name, () => {
    // The import fails: there is no key.
    test.use({ ...use, provoked: [refused(502)] });

    test("a schedule from its making to its end", async ({ page, baseURL }) => {
      const isPhone = name !== "by mouse";
      const tenant = isPhone ? "e2e-finger" : "e2e-mouse";
      await page.goto("/");
      await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
      await press(page.getByRole("button", { name: "New schedule" }));
      const form = page.getByRole("dialog", { name: "New schedule" });
      await form.getByRole("textbox", { name: /Tenant/ }).fill(tenant);
      await form.getByRole("combobox", { name: "Runs" }).selectOption("900");
      await form.getByRole("combobox", { name: "First run" }).selectOption("later");
      await expect(form.getByText("Next runs")).toBeVisible();
      await press(form.getByRole("button", { name: "Create schedule" }));
      await expect(form).toHaveCount(0);
      await page.getByRole("searchbox", { name: "Search tenants" }).fill(tenant);
      const row = page.getByRole("row", { name: tenant });
      await expect(row.getByText("NEVER RUN")).toBeVisible();

      // The countdown goes down by itself.
      const left = row.locator(".countdown");
      const first = await left.textContent();
      await expect(left).not.toHaveText(first ?? "");
      await expect(left).toHaveText(/^[12]\dm \d\ds$/);

      await press(row.getByRole("button", { name: `Pause, ${tenant}` }));
      await expect(row.getByText("PAUSED")).toBeVisible();
      await expect(row.locator(".cell-next")).toHaveText(/—/);

      // Paused or not, it runs by hand; without a key the import fails, and says so.
      await press(row.getByRole("button", { name: `Run now, ${tenant}` }));
      await expect(page.getByText(`${tenant}: import failed`)).toBeVisible();
      await expect(row.getByText("PAUSED")).toBeVisible();
      const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
      if (!isPhone) await expect(row.locator(".cell-last .iso")).toHaveText(iso);

      await press(row.getByRole("button", { name: `Resume, ${tenant}` }));
      await expect(row.getByRole("button", { name: `Pause, ${tenant}` })).toBeVisible();

      const more = async (label: string) => {
        await press(row.getByRole("button", { name: `More for ${tenant}` }));
        await press(page.getByRole("menuitem", { name: label, exact: true }));
      };
      if (isPhone) {
        await more("Edit schedule…");
        const edit = page.getByRole("dialog");
        await edit.getByRole("combobox", { name: "Runs" }).selectOption("3600");
        await press(edit.getByRole("button", { name: "Save" }));
        await expect(edit).toHaveCount(0);
      } else {
        await row.hover();
        await press(row.getByRole("button", { name: /edit the interval/ }));
        await row.getByRole("combobox").selectOption("3600");
        await expect(row.getByRole("button", { name: /every 1 h/ })).toBeVisible();
        const edited = page.locator(".toast", { hasText: `${tenant} now runs every 1 h` });
        await press(edited.getByRole("button", { name: "Undo" }));
        await expect(row.getByRole("button", { name: /every 15 min/ })).toBeVisible();
      }

      await press(row.getByRole("link", { name: tenant }));
      await expect(page.getByRole("heading", { level: 1, name: tenant })).toBeVisible();
      await expect(page.getByText(isPhone ? "every 1 h" : "every 15 min").first()).toBeVisible();
      await page.goBack();

      await more("Delete…");
      const sure = page.getByRole("alertdialog", { name: `Delete ${tenant}?` });
      await expect(sure.getByRole("button", { name: "Delete schedule" })).toBeDisabled();
      await sure.getByRole("textbox").fill(tenant);
      await press(sure.getByRole("button", { name: "Delete schedule" }));
      await expect(row).toHaveCount(0);

      await page.goto(`/audit?tenant=${tenant}`);
      const trail = page.getByRole("region", { name: "Audit entries" });
      for (const operation of ["delete", "edit", "resume", "run-now", "pause", "schedule"]) {
        await expect(trail.getByText(operation, { exact: true }).first()).toBeVisible();
      }
      await expect(trail.getByText("(admin, ui)").first()).toBeVisible();
      const { audit } = (await api(baseURL ?? "", "GET", `/audit?tenant=${tenant}`)) as {
        audit: { source: string }[];
      };
      expect(audit.every(({ source }) => source === "ui")).toBe(true);
    });
  });
}

test("pause for a while, with a reason that everyone sees", async ({ page }) => {
  await page.goto("/tenants/stormline-exteriors");
  await page.getByRole("button", { name: "Pause until…" }).click();
  await page.getByRole("textbox", { name: "Reason" }).fill("upstream maintenance");
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await expect(page.getByText(/Paused by .*upstream maintenance.*resumes at/)).toBeVisible();
  await page.getByRole("link", { name: "Why" }).click();
  await expect(page.getByText(/paused by .*upstream maintenance/).first()).toBeVisible();
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toBeVisible();
});

test("all of them at once, counted first", async ({ page }) => {
  await page.goto("/");
  await chooseForAll(page, "Pause all…");
  const sure = page.getByRole("alertdialog", { name: /Pause \d+ tenants\?/ });
  const number = await sure.locator("code").textContent();
  await sure.getByRole("textbox", { name: /Type/ }).fill(number ?? "");
  await sure.getByRole("button", { name: /^Pause \d/ }).click();
  await expect(page.getByText(new RegExp(`of ${number} tenants paused`))).toBeVisible();
  await page.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByRole("link", { name: /^[1-9]\d* PAUSED/ })).toBeVisible();

  await chooseForAll(page, "Resume all…");
  await page.getByRole("button", { name: /^Resume \d/ }).click();
  await expect(page.getByText(new RegExp(`of ${number} tenants resumed`))).toBeVisible();
  await page.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByRole("link", { name: "0 PAUSED" })).toBeVisible();
});

test("a run with its log, and records with their content", async ({ page }) => {
  await page.goto("/tenants/peakpro-roofing?tab=runs&state=succeeded");
  await page.getByRole("table").getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Run");
  await expect(page.getByRole("list", { name: "Log lines" })).toContainText(/imported/);
  await page.goto("/tenants/peakpro-roofing?tab=records");
  const record = page.locator(".records details").first();
  await record.locator("summary").click();
  await expect(record.locator("pre")).toContainText("{");
});

test("a key goes in, is tried live, and never comes out", async ({ page }) => {
  await page.goto("/tenants/peakpro-roofing?tab=settings");
  await page.getByRole("button", { name: "Test live" }).click();
  await expect(page.getByText("Accepted.")).toBeVisible();
  await page.getByRole("textbox", { name: "Replace the key" }).fill("a-wrong-key-0001");
  await page.getByRole("button", { name: "Save and test" }).click();
  await expect(page.getByText("Refused.")).toBeVisible();
  expect(await page.content()).not.toContain("a-wrong-key-0001");
  await expect(page.locator("code").first()).toHaveText(/^[0-9a-f]{6,}$/);
});

test("exports of the audit trail", async ({ page }) => {
  await page.goto("/audit");
  for (const format of ["CSV", "JSON"] as const) {
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: format, exact: true }).click();
    expect((await download).suggestedFilename()).toMatch(
      new RegExp(`^audit-.*Z\\.${format.toLowerCase()}$`),
    );
  }
});

test("what another does shows by itself", async ({ page, baseURL }) => {
  await page.goto("/");
  const row = page.getByRole("row", { name: /slowcreek-siding/ });
  await expect(row).toBeVisible();
  await api(baseURL ?? "", "POST", "/pause", "slowcreek-siding");
  await expect(row.getByText("PAUSED")).toBeVisible();
  await api(baseURL ?? "", "POST", "/resume", "slowcreek-siding");
  await expect(row.getByText("PAUSED")).toHaveCount(0);
});
