import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bulk } from "../../test/fixtures.ts";
import { base, refusal, server } from "../../test/server.ts";
import { cancelJob, dismissJob, findJob, sendAgain, startJob } from "./job.ts";
import { type Bulk, getJob, isGoing, type Order, setJob } from "./store.ts";

const order: Order = {
  source: "acculynx",
  operation: "pause",
  filter: { all: true },
  words: "all tenants",
  expect: 100,
  reason: "audit week",
};

beforeEach(() => void vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 200 }));
afterEach(() => {
  setJob(null);
  dismissJob();
  vi.useRealTimers();
});

/** A server that accepts a bulk command, and tells of it what is next in `course`, the last for good. */
function serving(course: (Partial<Bulk> | Response)[]) {
  const seen = { bodies: [] as unknown[], keys: [] as (string | null)[], looks: 0 };
  server.use(
    http.post(`*${base}/bulk`, async ({ request }) => {
      seen.bodies.push(await request.json());
      seen.keys.push(request.headers.get("idempotency-key"));
      return HttpResponse.json({ ok: true, bulk: bulk() }, { status: 202 });
    }),
    http.get(`*${base}/bulk/0-1`, () => {
      const next = course[Math.min(seen.looks++, course.length - 1)];
      return next instanceof Response
        ? next.clone()
        : HttpResponse.json({ ok: true, bulk: bulk(next) });
    }),
  );
  return seen;
}

const ended = () => vi.waitFor(() => expect(isGoing(getJob())).toBe(false));

it("is accepted once, and watched to its end", async () => {
  const seen = serving([
    { done: 40, changed: 40 },
    { done: 100, changed: 97, state: "done" },
  ]);
  await startJob(order);
  expect(getJob()?.bulk).toMatchObject({ id: "0-1", done: 0 });
  await ended();
  expect(getJob()).toMatchObject({ bulk: { done: 100, changed: 97 }, error: null });
  expect(seen.bodies).toEqual([
    {
      operation: "pause",
      filter: { all: true },
      expect: 100,
      background: true,
      reason: "audit week",
    },
  ]);
  expect(seen.looks).toBe(2);
});

it("is heard of again after the server was not reached for a while", async () => {
  serving([refusal(503, "store_unavailable"), { done: 100, changed: 100, state: "done" }]);
  await startJob(order);
  await vi.waitFor(() => expect(getJob()?.error).not.toBeNull());
  expect(isGoing(getJob())).toBe(true);
  await ended();
  expect(getJob()).toMatchObject({ bulk: { state: "done" }, error: null });
});

it("calls off the rest", async () => {
  const seen = serving([{ done: 40 }]);
  server.use(
    http.post(`*${base}/bulk/0-1/cancel`, () =>
      HttpResponse.json({ ok: true, bulk: bulk({ done: 40, changed: 40, state: "cancelled" }) }),
    ),
  );
  await startJob(order);
  await cancelJob();
  expect(getJob()).toMatchObject({ bulk: { state: "cancelled", done: 40 }, cancelling: false });
  const { looks } = seen;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(seen.looks).toBe(looks);
});

it("may be over before it is called off", async () => {
  serving([{ done: 100, changed: 100, state: "done" }]);
  server.use(http.post(`*${base}/bulk/0-1/cancel`, () => refusal(409, "bulk_over")));
  await startJob(order);
  await cancelJob();
  await ended();
  expect(getJob()).toMatchObject({ bulk: { state: "done" }, error: null, cancelling: false });
});

it("is sent again under the same key when it got no answer", async () => {
  const seen = serving([{ done: 100, state: "done" }]);
  let down = true;
  const keys: (string | null)[] = [];
  server.use(
    http.post(`*${base}/bulk`, ({ request }) => {
      keys.push(request.headers.get("idempotency-key"));
      return down ? refusal(503, "store_unavailable") : undefined;
    }),
  );
  await startJob(order);
  expect(getJob()).toMatchObject({ bulk: null });
  expect(isGoing(getJob())).toBe(false);
  down = false;
  await sendAgain();
  expect(seen.keys).toEqual([keys[0]]);
  await ended();
});

it("is found again after the page was opened anew", async () => {
  serving([{ done: 100, changed: 100, state: "done" }]);
  const over = bulk({ id: "1-1", state: "done" });
  server.use(
    http.get(`*${base}/bulk`, () =>
      HttpResponse.json({ ok: true, bulks: [over, bulk({ done: 10, reason: "hail" })] }),
    ),
  );
  await findJob("acculynx");
  expect(getJob()).toMatchObject({
    order: { operation: "pause", expect: 100, reason: "hail" },
    bulk: { id: "0-1", done: 10 },
  });
  await ended();
  expect(getJob()?.bulk?.changed).toBe(100);
});
