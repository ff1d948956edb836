import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, it, vi } from "vitest";
import { counts, run, schedule } from "../../test/fixtures.ts";
import { show } from "../../test/render.tsx";
import { base, operator, refusal, server } from "../../test/server.ts";
import TenantsPage from "./page.tsx";

const list = (schedules: ReturnType<typeof schedule>[], total = schedules.length) =>
  http.get(`*${base}/schedules`, () =>
    HttpResponse.json({
      ok: true,
      schedules,
      counts: counts({ total, ok: total }),
      matched: schedules.length,
      version: 3,
      next_cursor: null,
    }),
  );

beforeEach(() => {
  server.use(
    http.get(`*${base}/runs/latest`, () =>
      HttpResponse.json({ ok: true, latest: [{ tenant: "acme", runs: [run()] }] }),
    ),
  );
  // jsdom lays nothing out: rows are drawn for a window of this height.
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(800);
});

it("waits with rows of the real height", async () => {
  server.use(http.get(`*${base}/schedules`, () => new Promise<Response>(() => {})));
  show(<TenantsPage />);
  expect(screen.getByRole("status", { name: "Loading tenants" })).toBeVisible();
});

it("teaches how to begin where there is nothing", async () => {
  server.use(list([]));
  show(<TenantsPage />);
  expect(await screen.findByRole("heading", { name: "No schedules yet" })).toBeVisible();
  expect(screen.getByText(/curl -X POST/)).toBeVisible();
  expect(await screen.findByRole("button", { name: "Create a schedule" })).toBeEnabled();
});

it("says what was looked for where nothing matches", async () => {
  server.use(list([], 4));
  const { memory } = show(<TenantsPage />, "/?q=zebra");
  expect(await screen.findByText(/no tenants with name or note with “zebra”/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Clear the filter" }));
  expect(memory.history?.at(-1)).toBe("/");
});

it("says what went wrong, and tries again", async () => {
  server.use(
    http.get(`*${base}/schedules`, () => refusal(503, "store_unavailable"), { once: false }),
  );
  show(<TenantsPage />);
  const alert = await screen.findByRole("alert");
  expect(within(alert).getByRole("heading", { name: "store unavailable" })).toBeVisible();
  expect(within(alert).getByText("req-1")).toBeVisible();
  server.use(list([schedule()]));
  await userEvent.click(within(alert).getByRole("button", { name: "Retry" }));
  expect(await screen.findByRole("table", { name: "Tenants" })).toBeVisible();
});

it("shows a tenant with all that the original showed", async () => {
  server.use(list([schedule({ next_run: Date.now() / 1000 + 90 })]));
  show(<TenantsPage />);
  const row = await screen.findByRole("row", { name: /acme/ });
  expect(within(row).getByText("OK")).toBeVisible();
  expect(within(row).getByText(/^1m (31|30|29|28)s$/)).toBeVisible();
  expect(row).toHaveTextContent("2 imported11 skipped");
  expect(row).toHaveTextContent("2026-11-22T12:19:00Z");
  expect(within(row).getByRole("button", { name: "Pause, acme" })).toBeEnabled();
  expect(await within(row).findByRole("img", { name: "1 of the last 1 runs ok" })).toBeVisible();
});

it("counts each state, and every count leads to its tenants", async () => {
  server.use(list([schedule()]));
  show(<TenantsPage />);
  const all = await screen.findByRole("navigation", { name: "Tenants by state" });
  await waitFor(() =>
    expect(within(all).getByRole("link", { name: /1 OK/ })).toHaveAttribute("href", "/?state=ok"),
  );
});

it("offers nothing to change to those who may only look", async () => {
  server.use(
    list([schedule()]),
    http.get("*/api/whoami", () => HttpResponse.json({ ...operator, role: "viewer" })),
  );
  show(<TenantsPage />);
  const row = await screen.findByRole("row", { name: /acme/ });
  await waitFor(() =>
    expect(within(row).getByRole("button", { name: "Pause, acme" })).toBeDisabled(),
  );
  expect(within(row).getByRole("button", { name: "Run now, acme" })).toBeDisabled();
  expect(screen.getByRole("button", { name: "New schedule" })).toBeDisabled();
  expect(screen.queryByRole("button", { name: /edit the interval/ })).toBeNull();
});

it("edits the interval in place", async () => {
  const sent: unknown[] = [];
  server.use(
    list([schedule()]),
    http.patch(`*${base}/schedule`, async ({ request }) => {
      sent.push(await request.json());
      return HttpResponse.json({
        ok: true,
        tenant: "acme",
        source: "acculynx",
        interval_sec: 900,
        created: false,
        message: "",
        schedule: schedule({ revision: 2, interval_sec: 900 }),
      });
    }),
  );
  show(<TenantsPage />);
  await userEvent.click(await screen.findByRole("button", { name: /every 5 min, edit/ }));
  const choice = screen.getByRole("combobox", { name: "Interval of acme" });
  expect(
    within(choice)
      .getAllByRole("option")
      .map(({ textContent }) => textContent),
  ).toEqual([
    "every 5 min",
    "every 1 min",
    "every 3 min",
    "every 10 min",
    "every 15 min",
    "every 30 min",
    "every 1 h",
    "Custom…",
  ]);
  await userEvent.selectOptions(choice, "900");
  expect(await screen.findByRole("button", { name: /every 15 min, edit/ })).toBeVisible();
  await waitFor(() => expect(sent).toEqual([{ interval_sec: 900 }]));
});

it("offers bulk commands for what is selected", async () => {
  server.use(list([schedule(), schedule({ tenant: "best" }), schedule({ tenant: "cool" })]));
  show(<TenantsPage />);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("checkbox", { name: "Select acme" }));
  await user.keyboard("{Shift>}");
  await user.click(screen.getByRole("checkbox", { name: "Select cool" }));
  await user.keyboard("{/Shift}");
  const bar = screen.getByRole("region", { name: "Selection" });
  expect(bar).toHaveTextContent("3 selected");
  expect(within(bar).getByRole("button", { name: "Pause" })).toBeEnabled();
});

it("leaves out columns that were hidden, and keeps that for the next visit", async () => {
  server.use(list([schedule()]));
  show(<TenantsPage />);
  const table = await screen.findByRole("table", { name: "Tenants" });
  const user = userEvent.setup();
  // jsdom opens no popover by itself.
  const menu = screen.getByRole("button", { name: "Columns" }).nextElementSibling as HTMLElement;
  fireEvent(menu, Object.assign(new Event("toggle"), { newState: "open" }));
  const item = await within(menu).findByText("Last 30 runs");
  expect(item).toHaveAttribute("aria-checked", "true");
  await user.click(item);
  expect(table).toHaveAttribute("data-hide", "spark");
  expect(item).toHaveAttribute("aria-checked", "false");
  expect(JSON.parse(localStorage.getItem("prefs") ?? "{}").hidden).toEqual(["spark"]);
  await user.click(item);
  expect(table).toHaveAttribute("data-hide", "");
});

it("sorts by a column's head, and turns round at the second press", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(`*${base}/schedules`, ({ request }) => {
      const params = new URL(request.url).searchParams;
      if (!params.has("overdue")) asked.push(params.get("sort"));
      return HttpResponse.json({
        ok: true,
        schedules: [schedule()],
        counts: counts({ total: 1 }),
        matched: 1,
        version: 3,
        next_cursor: null,
      });
    }),
  );
  show(<TenantsPage />);
  const head = await screen.findByRole("columnheader", { name: "Last run" });
  await userEvent.click(within(head).getByRole("button"));
  await waitFor(() => expect(asked.at(-1)).toBe("last_run"));
  expect(head).toHaveAttribute("aria-sort", "descending");
  await userEvent.click(within(head).getByRole("button"));
  await waitFor(() => expect(asked.at(-1)).toBe("-last_run"));
  expect(head).toHaveAttribute("aria-sort", "ascending");
});

it("tells how many are overdue to the last one, and how many match", async () => {
  server.use(
    http.get(`*${base}/schedules`, ({ request }) =>
      HttpResponse.json({
        ok: true,
        schedules: [schedule({ state: "error" })],
        counts: counts({ total: 5000, ok: 4000, error: 1000 }),
        matched: new URL(request.url).searchParams.has("overdue") ? 137 : 1000,
        version: 3,
        next_cursor: null,
      }),
    ),
  );
  show(<TenantsPage />, "/?state=error");
  expect(await screen.findByRole("link", { name: /137 OVERDUE/ })).toBeVisible();
  expect(screen.getByText("tenants with state ERROR", { exact: false })).toHaveTextContent(
    "1,000 tenants with state ERROR",
  );
});
