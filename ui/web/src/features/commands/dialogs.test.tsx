import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { tell } from "../../shared/live/store.ts";
import { openDialog, type Wanted } from "../../shared/ui/dialogs.ts";
import { schedule } from "../../test/fixtures.ts";
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

it("counts first, and wants the number typed for all", async () => {
  const bodies: Record<string, unknown>[] = [];
  server.use(
    http.get(`*${base}/schedules`, () =>
      HttpResponse.json({
        ok: true,
        schedules: [schedule()],
        counts: {},
        version: 1,
        next_cursor: null,
      }),
    ),
    http.post(`*${base}/bulk`, async ({ request }) => {
      const body = (await request.json()) as Record<string, unknown>;
      bodies.push(body);
      const failed = [{ tenant: "acme", code: "x", detail: "no way" }];
      return HttpResponse.json({
        ok: false,
        operation: "delete",
        dry_run: body.dry_run,
        matched: 12,
        changed: body.dry_run ? 0 : 11,
        failed: body.dry_run ? [] : failed,
        failed_total: body.dry_run ? 0 : 1,
      });
    }),
  );
  open({ kind: "bulk", operation: "delete", pick: { all: true }, words: "all tenants" });
  expect(await screen.findByRole("alertdialog", { name: "Delete 12 tenants?" })).toBeVisible();
  const button = screen.getByRole("button", { name: "Delete 12" });
  expect(button).toBeDisabled();
  await userEvent.type(screen.getByRole("textbox", { name: /Type 12/ }), "12");
  await userEvent.click(button);
  expect(await screen.findByText("11 of 12 tenants deleted, 1 failed.")).toBeVisible();
  expect(screen.getByText("no way")).toBeVisible();
  expect(bodies[1]).toEqual({
    operation: "delete",
    filter: { all: true },
    dry_run: false,
    expect: 12,
  });
  await userEvent.click(screen.getByRole("button", { name: "Retry failed" }));
  await waitFor(() =>
    expect(bodies[2]).toMatchObject({ filter: { tenants: ["acme"] }, dry_run: true }),
  );
});

it("refuses when the selection has drifted, and counts anew", async () => {
  server.use(
    http.get(`*${base}/schedules`, () =>
      HttpResponse.json({ ok: true, schedules: [], counts: {}, version: 1, next_cursor: null }),
    ),
    http.post(`*${base}/bulk`, async ({ request }) => {
      const body = (await request.json()) as { dry_run: boolean };
      return body.dry_run
        ? HttpResponse.json({
            ok: true,
            operation: "resume",
            dry_run: true,
            matched: 3,
            changed: 0,
            failed: [],
            failed_total: 0,
          })
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
  expect(conflict).toHaveTextContent("Interval30060900");
  await userEvent.click(screen.getByRole("button", { name: "Keep mine, then save" }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
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
