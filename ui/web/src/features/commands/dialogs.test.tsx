import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { tell } from "../../shared/live/store.ts";
import { openDialog, type Wanted } from "../../shared/ui/dialogs.ts";
import { bulk, NOW, schedule } from "../../test/fixtures.ts";
import { show } from "../../test/render.tsx";
import { base, refusal, server } from "../../test/server.ts";
import Dialogs from "./dialogs.tsx";

function open(wanted: Wanted) {
  tell({ event: "read", version: 1, schedules: [schedule()] });
  openDialog(wanted);
  return show(<Dialogs />);
}

it("deletes only once the tenant's name was typed", async () => {
  const keys: (string | null)[] = [];
  server.use(
    http.delete(`*${base}/schedule`, ({ request }) => {
      keys.push(request.headers.get("idempotency-key"));
      return keys.length === 1
        ? refusal(503, "store_unavailable")
        : HttpResponse.json({ ok: true, tenant: "acme", message: "Schedule deleted" });
    }),
  );
  open({ kind: "delete", tenant: "acme" });
  expect(screen.getByRole("alertdialog", { name: "Delete acme?" })).toBeVisible();
  const button = screen.getByRole("button", { name: "Delete schedule" });
  expect(button).toBeDisabled();
  await userEvent.type(screen.getByRole("textbox", { name: /Type acme/ }), "acme");
  await userEvent.click(button);
  expect(await screen.findByRole("alert")).toHaveTextContent("store unavailable");
  await userEvent.click(button);
  await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
  expect(keys[0]).toBe(keys[1]);
});

const noSchedules = http.get(`*${base}/schedules`, () =>
  HttpResponse.json({
    ok: true,
    schedules: [schedule()],
    counts: {},
    matched: 1,
    version: 1,
    next_cursor: null,
  }),
);

const bulkAnswer = (part: object) =>
  HttpResponse.json({
    ok: true,
    operation: "delete",
    dry_run: false,
    matched: 0,
    changed: 0,
    failed: [],
    failed_total: 0,
    ...part,
  });

it("counts first, wants the number typed for all, and says what became of it", async () => {
  const bodies: Record<string, unknown>[] = [];
  const failed = [{ tenant: "acme", code: "x", detail: "no way" }];
  const answers = [
    bulk({ operation: "delete", matched: 60, done: 60, changed: 59, failed, failed_total: 1 }),
    bulk({ operation: "delete", matched: 1, done: 1, changed: 1 }),
  ].map((answer) => ({ ok: true, bulk: { ...answer, state: "done" } }));
  server.use(
    noSchedules,
    http.post(`*${base}/bulk`, async ({ request }) => {
      const body = (await request.json()) as Record<string, unknown>;
      if (body.dry_run) return bulkAnswer({ dry_run: true, matched: 60 });
      bodies.push(body);
      return HttpResponse.json(answers[bodies.length - 1], { status: 202 });
    }),
  );
  open({ kind: "bulk", operation: "delete", pick: { all: true }, words: "all tenants" });
  expect(await screen.findByRole("alertdialog", { name: "Delete 60 tenants?" })).toBeVisible();
  const button = screen.getByRole("button", { name: "Delete 60" });
  expect(button).toBeDisabled();
  await userEvent.type(screen.getByRole("textbox", { name: /Type 60/ }), "60");
  await userEvent.click(button);
  expect(await screen.findByText(/59 of 60 tenants deleted, 1 failed/)).toBeVisible();
  expect(screen.getByText("no way")).toBeVisible();
  expect(bodies).toEqual([
    { operation: "delete", filter: { all: true }, expect: 60, background: true },
  ]);
  await userEvent.click(screen.getByRole("button", { name: "Retry failed" }));
  expect(await screen.findByText(/1 of 1 tenant deleted/)).toBeVisible();
  expect(bodies[1]).toMatchObject({ filter: { tenants: ["acme"] }, expect: 1 });
  await userEvent.click(screen.getAllByRole("button", { name: "Close" })[1] as HTMLElement);
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("refuses when the selection has drifted, and counts anew", async () => {
  server.use(
    noSchedules,
    http.post(`*${base}/bulk`, async ({ request }) => {
      const body = (await request.json()) as { dry_run?: boolean };
      return body.dry_run
        ? bulkAnswer({ operation: "resume", dry_run: true, matched: 3 })
        : refusal(409, "expect_mismatch", { matched: 4 });
    }),
  );
  open({
    kind: "bulk",
    operation: "resume",
    pick: { state: "paused" },
    words: "tenants with state PAUSED",
  });
  await userEvent.click(await screen.findByRole("button", { name: "Resume 3" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("expect mismatch");
  await userEvent.click(screen.getByRole("button", { name: "Count again" }));
  expect(await screen.findByRole("button", { name: "Resume 3" })).toBeEnabled();
});

it("asks before a run that would only be refused", async () => {
  const run = { run_id: "01r", started: Date.now() / 1000 - 5, started_iso: "" } as const;
  const ended: string[] = [];
  server.use(
    http.post(`*${base}/runs/01r/cancel`, () => {
      ended.push("cancel");
      return HttpResponse.json({ ok: true });
    }),
    http.post(`*${base}/run-now`, () => {
      ended.push("run");
      return HttpResponse.json(
        { ok: true, tenant: "acme", run_id: "02r", state: "running", location: "" },
        { status: 202 },
      );
    }),
    http.get(`*${base}/schedule`, () =>
      HttpResponse.json({ ok: true, schedule: schedule({ revision: 9 }) }),
    ),
  );
  tell({
    event: "read",
    version: 1,
    schedules: [schedule({ run: run as never, running: true, state: "running" })],
  });
  openDialog({ kind: "run", tenant: "acme", why: "in-flight" });
  show(<Dialogs />);
  expect(screen.getByRole("dialog", { name: "Run acme now?" })).toHaveTextContent("never overlap");
  await userEvent.click(screen.getByRole("button", { name: "Cancel it, run again" }));
  await waitFor(() => expect(ended).toEqual(["cancel", "run"]));
});

it("pauses for a while, with a reason", async () => {
  const bodies: unknown[] = [];
  server.use(
    http.post(`*${base}/pause`, async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json({
        ok: true,
        tenant: "acme",
        paused: true,
        changed: true,
        schedule: schedule({ revision: 2 }),
      });
    }),
  );
  open({ kind: "pause", tenant: "acme" });
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "For how long" }), "900");
  await userEvent.type(screen.getByRole("textbox", { name: "Reason" }), "upstream work");
  await userEvent.click(screen.getByRole("button", { name: "Pause" }));
  await waitFor(() => expect(bodies).toHaveLength(1));
  expect(bodies[0]).toMatchObject({ reason: "upstream work", until: expect.any(Number) });
});

it("shows yours and theirs where another has saved meanwhile", async () => {
  const tags: (string | null)[] = [];
  server.use(
    http.post(`*${base}/schedule/preview`, () =>
      HttpResponse.json({ ok: true, tenant: "acme", paused: false, exact: true, occurrences: [] }),
    ),
    http.patch(`*${base}/schedule`, ({ request }) => {
      tags.push(request.headers.get("if-match"));
      return tags.length === 1
        ? refusal(412, "revision_mismatch", { revision: 5 })
        : HttpResponse.json({
            ok: true,
            tenant: "acme",
            source: "acculynx",
            interval_sec: 900,
            created: false,
            message: "",
            schedule: schedule({ revision: 6, interval_sec: 900 }),
          });
    }),
    http.get(`*${base}/schedule`, () =>
      HttpResponse.json({ ok: true, schedule: schedule({ revision: 5, interval_sec: 60 }) }),
    ),
  );
  open({ kind: "form", tenant: "acme" });
  await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Runs" }), "900");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  const conflict = await screen.findByRole("alert");
  expect(conflict).toHaveTextContent("Whenevery 5 minevery 1 minevery 15 min");
  expect(screen.getByRole("radio", { name: "Keep your When: every 15 min" })).toBeChecked();
  await userEvent.click(screen.getByRole("button", { name: "Save this choice" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(tags).toEqual(['"1"', '"5"']);
});

it("marks the field that the server has refused", async () => {
  server.use(
    http.post(`*${base}/schedule/preview`, () => refusal(422, "field_invalid", { field: "cron" })),
    http.post(`*${base}/schedule`, () => refusal(422, "field_invalid", { field: "cron" })),
  );
  open({ kind: "form" });
  await userEvent.type(await screen.findByRole("textbox", { name: /Tenant/ }), "new-one");
  await userEvent.click(screen.getByRole("radio", { name: "Cron" }));
  await userEvent.click(screen.getByRole("button", { name: "Create schedule" }));
  const field = screen.getByRole("textbox", { name: /Cron/ });
  await waitFor(() => expect(field).toHaveAttribute("aria-invalid", "true"));
  await waitFor(() => expect(field).toHaveFocus());
});

it("opens with the difference where an edit in place was overtaken", async () => {
  const before = schedule({ revision: 1 });
  const tags: (string | null)[] = [];
  server.use(
    http.post(`*${base}/schedule/preview`, () =>
      HttpResponse.json({ ok: true, tenant: "acme", paused: false, exact: true, occurrences: [] }),
    ),
    http.patch(`*${base}/schedule`, async ({ request }) => {
      tags.push(request.headers.get("if-match"));
      return HttpResponse.json({
        ok: true,
        tenant: "acme",
        source: "acculynx",
        interval_sec: 900,
        created: false,
        message: "",
        schedule: schedule({ revision: 3, interval_sec: 900 }),
      });
    }),
  );
  tell({ event: "read", version: 1, schedules: [schedule({ revision: 2, interval_sec: 60 })] });
  openDialog({ kind: "form", tenant: "acme", meant: { interval: 900, before } });
  show(<Dialogs />);
  const conflict = await screen.findByRole("alert");
  expect(conflict).toHaveTextContent("Whenevery 5 minevery 1 minevery 15 min");
  await userEvent.click(screen.getByRole("button", { name: "Save this choice" }));
  await waitFor(() => expect(tags).toEqual(['"2"']));
});

it("says how many others start with a run, and whether the next run moves", async () => {
  const slot = (at: number, others: number) => ({
    slot: at,
    slot_iso: "",
    starts: at,
    starts_iso: "",
    others,
  });
  server.use(
    http.post(`*${base}/schedule/preview`, () =>
      HttpResponse.json({
        ok: true,
        tenant: "acme",
        paused: false,
        exact: true,
        occurrences: [slot(NOW + 300, 3), slot(NOW + 600, 0)],
      }),
    ),
  );
  open({ kind: "form", tenant: "acme" });
  expect(
    await screen.findByText("3 other tenants start in the same second as one of these."),
  ).toBeVisible();
  expect(screen.getByText(/The next run moves from/)).toHaveTextContent("2026-11-22 12:24:00 UTC");
});

it("offers tenants to a verb alone, and all of them", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(`*${base}/schedules`, ({ request }) => {
      asked.push(new URL(request.url).searchParams.get("state"));
      return HttpResponse.json({
        ok: true,
        schedules: [schedule({ state: "paused", paused: true })],
        counts: {},
        matched: 1,
        version: 1,
        next_cursor: null,
      });
    }),
  );
  open({ kind: "palette" });
  await userEvent.type(await screen.findByRole("combobox", { name: /Command/ }), "resume");
  expect(await screen.findByRole("option", { name: /Resume acme/ })).toBeVisible();
  expect(screen.getByRole("option", { name: /Resume all tenants…/ })).toBeVisible();
  expect(asked.at(-1)).toBe("paused");
});
