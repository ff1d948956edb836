import { http, newKey, ok, sent } from "../api/http.ts";
import { Problem } from "../api/problem.ts";
import { getJob, isGoing, type Job, type Order, setJob } from "./store.ts";

const FIRST = 25;
const MOST = 500;
/** How long a step should take at least and at most, in milliseconds. */
const QUICK = 200;
const SLOW = 800;

let rest: { cursor: string | undefined; limit: number; key: string } | null = null;
/** Schedules per second, as last seen. */
let rate = 400;
let wake: () => void = () => {};

function become(part: Partial<Job>): void {
  const job = getJob();
  if (job) setJob({ ...job, ...part });
}

/** How long a command over so many takes, roughly, in seconds. */
export function estimate(many: number): number {
  return Math.max(1, Math.ceil(many / rate));
}

/** Asks before the page is left while there is something to be done. */
function onLeave(event: BeforeUnloadEvent): void {
  if (isGoing(getJob()?.state)) event.preventDefault();
}

/** Carries an order out. The promise ends with the job, however it ends. */
export function startJob(order: Order): Promise<Job> {
  setJob({
    order,
    batch: `bulk-${newKey()}`,
    state: "running",
    matched: order.expect,
    done: 0,
    changed: 0,
    failed: [],
    error: null,
    waitUntil: null,
    startedAt: Date.now(),
    endedAt: null,
  });
  rest = { cursor: undefined, limit: FIRST, key: newKey() };
  return drive();
}

/** Goes on where an interrupted job has left off; the step that got no answer is not done twice. */
export function continueJob(): Promise<Job> | null {
  const state = getJob()?.state;
  if (state !== "interrupted" && state !== "stopped") return null;
  become({ state: "running", error: null, endedAt: null });
  return drive();
}

/** Leaves the rest as it is; the step that is on its way is waited for. */
export function cancelJob(): void {
  if (getJob()?.state === "running") become({ state: "stopping" });
  wake();
}

export function dismissJob(): void {
  if (!isGoing(getJob()?.state)) setJob(null);
}

async function drive(): Promise<Job> {
  addEventListener("beforeunload", onLeave);
  for (let job = getJob(); job?.state === "running" && rest; job = getJob()) {
    const began = Date.now();
    try {
      const answer = await step(job, rest);
      const took = Math.max(1, Date.now() - began);
      const left = Math.max(0, answer.matched - rest.limit);
      const advanced = answer.matched - left;
      rate = (1000 * advanced) / took || rate;
      const faster = took < QUICK ? 2 : took > SLOW ? 0.5 : 1;
      rest = {
        cursor: answer.next_cursor ?? undefined,
        limit: Math.max(1, Math.min(MOST, Math.round(rest.limit * faster))),
        key: newKey(),
      };
      const isLast = answer.next_cursor == null;
      become({
        done: Math.max(job.done, isLast ? job.matched : job.matched - left),
        changed: job.changed + answer.changed,
        failed: [...job.failed, ...answer.failed],
        ...(isLast ? { state: "done" as const } : {}),
      });
      if (isLast) rest = null;
    } catch (error) {
      const wait = error instanceof Problem && error.status === 429 ? error.retryAfter : undefined;
      if (wait === undefined) become({ state: "interrupted", error });
      else await pause(wait * 1000);
    }
  }
  if (getJob()?.state === "stopping") become({ state: rest ? "stopped" : "done" });
  become({ endedAt: Date.now() });
  removeEventListener("beforeunload", onLeave);
  return getJob() as Job;
}

/** The server has asked to wait; a cancellation ends the wait. */
async function pause(ms: number): Promise<void> {
  become({ waitUntil: Date.now() + ms });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  become({ waitUntil: null });
}

function step({ order, batch, done }: Job, next: NonNullable<typeof rest>) {
  const { source, operation, filter, expect, interval, reason } = order;
  return sent(
    async (key) =>
      ok(
        await http.POST("/api/crm/import/{source}/bulk", {
          params: {
            path: { source },
            header: { "idempotency-key": key, "x-request-id": batch },
          },
          body: {
            operation,
            filter,
            limit: next.limit,
            ...(next.cursor === undefined ? {} : { cursor: next.cursor }),
            ...(done === 0 && next.cursor === undefined ? { expect } : {}),
            ...(operation === "set-interval" ? { interval_sec: interval } : {}),
            ...(reason ? { reason } : {}),
          },
        }),
      ),
    next.key,
  );
}
