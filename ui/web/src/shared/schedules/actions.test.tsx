import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { schedule } from "../../test/fixtures.ts";
import { show } from "../../test/render.tsx";
import { base, refusal, server } from "../../test/server.ts";
import { tell, useSchedule } from "../live/store.ts";
import { runConcern, useActions } from "./actions.ts";

function Probe({ tenant }: { tenant: string }) {
  const found = useSchedule(tenant);
  const { pause, resume, setInterval, runNow } = useActions();
  return (
    <section aria-label={tenant}>
      <output>{`${found?.state} ${found?.interval_sec}`}</output>
      <button type="button" onClick={() => void pause(tenant)}>
        {`Pause ${tenant}`}
      </button>
      <button type="button" onClick={() => void resume(tenant)}>
        {`Resume ${tenant}`}
      </button>
      <button type="button" onClick={() => void setInterval(tenant, 900)}>
        {`Edit ${tenant}`}
      </button>
      <button type="button" onClick={() => void runNow(tenant)}>
        {`Run ${tenant}`}
      </button>
    </section>
  );
}

const word = (tenant: string) =>
  screen.getByRole("region", { name: tenant }).querySelector("output")?.textContent;

function begin() {
  tell({
    event: "read",
    version: 1,
    schedules: [schedule(), schedule({ tenant: "best", revision: 4 })],
  });
  return show(
    <>
      <Probe tenant="acme" />
      <Probe tenant="best" />
    </>,
  );
}

it("shows a pause at once and takes back only that tenant when it fails", async () => {
  let answer: (response: Response) => void = () => {};
  server.use(
    http.post(
      `*${base}/pause`,
      () =>
        new Promise<Response>((resolve) => {
          answer = resolve;
        }),
    ),
  );
  begin();
  await userEvent.click(screen.getByRole("button", { name: "Pause acme" }));
  expect(word("acme")).toBe("paused 300");
  // Meanwhile the server tells of others, and of this one.
  act(() =>
    tell(
      {
        event: "schedule.changed",
        version: 2,
        tenant: "best",
        source: "acculynx",
        schedule: schedule({ tenant: "best", revision: 5, state: "error" }),
      },
      {
        event: "schedule.changed",
        version: 3,
        tenant: "acme",
        source: "acculynx",
        schedule: schedule({ revision: 2, interval_sec: 60 }),
      },
    ),
  );
  expect(word("acme")).toBe("paused 60");
  await waitFor(() => answer(refusal(503, "store_unavailable")));
  await waitFor(() => expect(word("acme")).toBe("ok 60"));
  expect(word("best")).toBe("error 300");
  expect(await screen.findByText(/Pause acme: store unavailable/)).toBeVisible();
});

it("takes the server's word once it comes, and offers a way back", async () => {
  server.use(
    http.post(`*${base}/pause`, () =>
      HttpResponse.json({
        ok: true,
        tenant: "acme",
        paused: true,
        changed: true,
        schedule: schedule({ revision: 2, state: "paused", paused: true, interval_sec: 77 }),
      }),
    ),
    http.post(`*${base}/resume`, () =>
      HttpResponse.json({
        ok: true,
        tenant: "acme",
        paused: false,
        changed: true,
        schedule: schedule({ revision: 3 }),
      }),
    ),
  );
  begin();
  await userEvent.click(screen.getByRole("button", { name: "Pause acme" }));
  await waitFor(() => expect(word("acme")).toBe("paused 77"));
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  await waitFor(() => expect(word("acme")).toBe("ok 300"));
});

it("puts a former timed pause back, with its reason and its end", async () => {
  const until = Math.floor(Date.now() / 1000) + 7200;
  const pause = {
    actor: "ada",
    since: 1,
    since_iso: "",
    reason: "CRM migration",
    until,
    until_iso: "",
  };
  const bodies: unknown[] = [];
  server.use(
    http.post(`*${base}/pause`, async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json({
        ok: true,
        tenant: "acme",
        paused: true,
        changed: true,
        schedule: schedule({ revision: 10 + bodies.length, state: "paused", paused: true, pause }),
      });
    }),
  );
  tell({
    event: "read",
    version: 1,
    schedules: [schedule({ revision: 9, state: "paused", paused: true, pause })],
  });
  show(<Probe tenant="acme" />);
  await userEvent.click(screen.getByRole("button", { name: "Pause acme" }));
  await userEvent.click((await screen.findAllByRole("button", { name: "Undo" })).at(-1) as Element);
  await waitFor(() => expect(bodies).toEqual([{}, { reason: "CRM migration", until }]));
});

it("resumes where the former pause would be over by now", async () => {
  const pause = { actor: "a", since: 1, since_iso: "", reason: null, until: 2, until_iso: "" };
  const paths: string[] = [];
  server.use(
    http.post(`*${base}/:command`, ({ params }) => {
      paths.push(String(params.command));
      const paused = params.command === "pause";
      return HttpResponse.json({
        ok: true,
        tenant: "acme",
        paused,
        changed: true,
        schedule: schedule({
          revision: 20 + paths.length,
          state: paused ? "paused" : "ok",
          paused,
        }),
      });
    }),
  );
  tell({
    event: "read",
    version: 1,
    schedules: [schedule({ revision: 9, state: "paused", paused: true, pause })],
  });
  show(<Probe tenant="acme" />);
  await userEvent.click(screen.getByRole("button", { name: "Pause acme" }));
  await userEvent.click((await screen.findAllByRole("button", { name: "Undo" })).at(-1) as Element);
  await waitFor(() => expect(paths).toEqual(["pause", "resume"]));
});

it("asks before a run while another is in flight or the CRM holds back", () => {
  const run = { run_id: "1", started: 1 } as never;
  const limited = { ...schedule().last_status, error: "rate_limited" } as never;
  const retrying = { at: 200, at_iso: "", attempt: 2 };
  expect(runConcern(schedule(), 100)).toBeNull();
  expect(runConcern(schedule({ run }), 100)).toBe("in-flight");
  expect(runConcern(schedule({ hold_until: 101 }), 100)).toBe("rate-limited");
  expect(runConcern(schedule({ hold_until: 99 }), 100)).toBeNull();
  expect(runConcern(schedule({ retrying, last_status: limited }), 100)).toBe("rate-limited");
  expect(runConcern(schedule({ retrying }), 100)).toBeNull();
});

it("edits the revision that it has seen, and tries again where only a run has changed it", async () => {
  const seen: (string | null)[] = [];
  server.use(
    http.patch(`*${base}/schedule`, ({ request }) => {
      seen.push(request.headers.get("if-match"));
      return seen.length === 1
        ? refusal(412, "revision_mismatch", { revision: 9 })
        : HttpResponse.json({
            ok: true,
            tenant: "acme",
            source: "acculynx",
            interval_sec: 900,
            created: false,
            message: "",
            schedule: schedule({ revision: 10, interval_sec: 900 }),
          });
    }),
    http.get(`*${base}/schedule`, () =>
      HttpResponse.json({ ok: true, schedule: schedule({ revision: 9 }) }),
    ),
  );
  begin();
  await userEvent.click(screen.getByRole("button", { name: "Edit acme" }));
  await waitFor(() => expect(word("acme")).toBe("ok 900"));
  expect(seen).toEqual(['"1"', '"9"']);
});

it("does not overwrite another's edit", async () => {
  let tries = 0;
  server.use(
    http.patch(`*${base}/schedule`, () => {
      tries += 1;
      return refusal(412, "revision_mismatch");
    }),
    http.get(`*${base}/schedule`, () =>
      HttpResponse.json({ ok: true, schedule: schedule({ revision: 9, interval_sec: 60 }) }),
    ),
  );
  begin();
  await userEvent.click(screen.getByRole("button", { name: "Edit acme" }));
  expect(await screen.findByText(/Edit acme: revision mismatch/)).toBeVisible();
  expect(word("acme")).toBe("ok 60");
  expect(tries).toBe(1);
});

it("tells of an import that failed upstream", async () => {
  const stats = {
    imported: 0,
    skipped: 0,
    created: 0,
    updated: 0,
    gone: 0,
    failed: 0,
    requests: 1,
  };
  server.use(
    http.post(`*${base}/run-now`, () =>
      HttpResponse.json(
        {
          ok: false,
          tenant: "acme",
          run_id: "01r",
          state: "failed",
          message: "key refused",
          result: { ok: false, stats, message: "key refused" },
          ts: 1,
          ts_iso: "",
        },
        { status: 502 },
      ),
    ),
    http.get(`*${base}/schedule`, () =>
      HttpResponse.json({ ok: true, schedule: schedule({ revision: 2, state: "error" }) }),
    ),
  );
  begin();
  await userEvent.click(screen.getByRole("button", { name: "Run acme" }));
  expect(await screen.findByText("acme: import failed")).toBeVisible();
  expect(screen.getByText("key refused")).toBeVisible();
  await waitFor(() => expect(word("acme")).toBe("error 300"));
});

it("says that a run is already in flight", async () => {
  server.use(
    http.post(`*${base}/run-now`, () => refusal(409, "already_running", { run_id: "01r" })),
    http.get(`*${base}/schedule`, () =>
      HttpResponse.json({ ok: true, schedule: schedule({ revision: 2 }) }),
    ),
  );
  begin();
  await userEvent.click(screen.getByRole("button", { name: "Run acme" }));
  expect(await screen.findByText(/Run acme: already running/)).toBeVisible();
});
