import { renderHook } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NOW } from "../../test/fixtures.ts";
import { base, refusal, server } from "../../test/server.ts";
import { cancelJob, continueJob, dismissJob, startJob } from "./job.ts";
import { type Order, useJob } from "./store.ts";

const order: Order = {
  source: "acculynx",
  operation: "pause",
  filter: { all: true },
  words: "all tenants",
  expect: 100,
  reason: "audit week",
};

interface Body {
  limit: number;
  cursor?: string;
  expect?: number;
  reason?: string;
}

// However busy this machine is, each step is quick.
beforeEach(() => void vi.spyOn(Date, "now").mockReturnValue(NOW * 1000));
afterEach(() => act(dismissJob));

/** A server with a hundred schedules, of which `left` tells those after the cursor. */
function serving(answer: (body: Body, left: number, key: string | null) => object | Response) {
  const bodies: Body[] = [];
  server.use(
    http.post(`*${base}/bulk`, async ({ request }) => {
      const body = (await request.json()) as Body;
      bodies.push(body);
      const left = 100 - Number(body.cursor ?? 0);
      const made = answer(body, left, request.headers.get("idempotency-key"));
      if (made instanceof Response) return made;
      const next = 100 - left + body.limit;
      return HttpResponse.json({
        ok: true,
        operation: "pause",
        dry_run: false,
        matched: left,
        changed: Math.min(left, body.limit),
        failed: [],
        failed_total: 0,
        next_cursor: next < 100 ? String(next) : null,
        ...made,
      });
    }),
  );
  return bodies;
}

it("goes through all in steps that grow while they are quick", async () => {
  const bodies = serving(() => ({}));
  const { result } = renderHook(() => useJob());
  const job = await act(() => startJob(order));
  expect(bodies.map(({ limit, cursor, expect }) => [limit, cursor, expect])).toEqual([
    [25, undefined, 100],
    [50, "25", undefined],
    [100, "75", undefined],
  ]);
  expect(bodies[0]?.reason).toBe("audit week");
  expect(job).toMatchObject({ state: "done", done: 100, changed: 100 });
  expect(result.current).toMatchObject({ state: "done", done: 100, changed: 100 });
});

it("leaves the rest as it is once cancelled, and can go on", async () => {
  const bodies = serving((body) => {
    if (body.cursor === undefined) cancelJob();
    return {};
  });
  const job = await act(() => startJob(order));
  expect(job).toMatchObject({ state: "stopped", done: 25, changed: 25 });
  expect(bodies).toHaveLength(1);
  const whole = await act(() => continueJob() as Promise<typeof job>);
  expect(whole).toMatchObject({ state: "done", done: 100 });
});

it("stops where the server fails, and goes on with the same step under the same key", async () => {
  const keys: (string | null)[] = [];
  let down = true;
  serving((body, _left, key) => {
    if (body.cursor === undefined) return {};
    keys.push(key);
    return down ? refusal(503, "store_unavailable") : {};
  });
  const job = await act(() => startJob(order));
  expect(job).toMatchObject({ state: "interrupted", done: 25 });
  down = false;
  const whole = await act(() => continueJob() as Promise<typeof job>);
  expect(whole).toMatchObject({ state: "done", done: 100, error: null });
  expect(keys[0]).toBe(keys[1]);
});

it("waits as long as the server asks to, and then goes on by itself", async () => {
  let calls = 0;
  serving(() => {
    calls += 1;
    if (calls !== 2) return {};
    const answer = refusal(429, "too_many_requests");
    answer.headers.set("retry-after", "1");
    return answer;
  });
  const job = await act(() => startJob(order));
  expect(calls).toBe(4);
  expect(job).toMatchObject({ state: "done", done: 100, waitUntil: null });
});

it("gathers what failed", async () => {
  serving((body) => {
    const failed = [{ tenant: `t${body.cursor ?? "0"}`, code: "not_found", detail: "gone" }];
    return { changed: 1, failed, failed_total: 1 };
  });
  const job = await act(() => startJob(order));
  expect(job.failed.map(({ tenant }) => tenant)).toEqual(["t0", "t25", "t75"]);
});
