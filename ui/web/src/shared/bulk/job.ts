import { useSyncExternalStore } from "react";
import { http, newKey, ok, sent } from "../api/http.ts";
import { Problem } from "../api/problem.ts";
import type { components } from "../api/schema.d.ts";
import type { BulkOperation, BulkPick } from "../ui/dialogs.ts";

type Schemas = components["schemas"];
export type Failure = Schemas["BulkFailure"];

/** What is asked of many schedules. */
export interface Order {
  source: string;
  operation: BulkOperation;
  filter: BulkPick;
  words: string;
  /** How many were confirmed; nothing is done where it is another number by then. */
  expect: number;
  interval?: number;
  reason?: string;
}

/** A bulk command on its way: steps of some schedules each, in the order of their names. */
export interface Job {
  order: Order;
  /** Names all its steps in the audit trail. */
  batch: string;
  state: "running" | "stopping" | "stopped" | "interrupted" | "done";
  matched: number;
  /** Looked at so far, whether changed, left as they were, or failed. */
  done: number;
  changed: number;
  failed: readonly Failure[];
  /** Why it was interrupted; it can be gone on with. */
  error: unknown;
  /** When to go on, in epoch milliseconds, where the server asked to wait. */
  waitUntil: number | null;
  startedAt: number;
  endedAt: number | null;
}

const FIRST = 25;
const MOST = 1000;
/** How long a step should take at least and at most, in milliseconds. */
const QUICK = 400;
const SLOW = 1500;

let job: Job | null = null;
let rest: { cursor: string | undefined; limit: number; key: string } | null = null;
/** Schedules per second, as last seen. */
let rate = 400;
let wake: () => void = () => {};
const listeners = new Set<() => void>();

function become(part: Partial<Job>): void {
  if (!job) return;
  job = { ...job, ...part };
  for (const listener of listeners) listener();
}

export function useJob(): Job | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => job,
  );
}

export function getJob(): Job | null {
  return job;
}

/** How long a command over so many takes, roughly, in seconds. */
export function estimate(many: number): number {
  return Math.max(1, Math.ceil(many / rate));
}

export function isGoing(state: Job["state"] | undefined): boolean {
  return state === "running" || state === "stopping";
}

/** Asks before the page is left while there is something to be done. */
function onLeave(event: BeforeUnloadEvent): void {
  if (isGoing(job?.state)) event.preventDefault();
}

/** Carries an order out. The promise ends with the job, however it ends. */
export function startJob(order: Order): Promise<Job> {
  job = {
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
  };
  rest = { cursor: undefined, limit: FIRST, key: newKey() };
  return drive();
}

/** Goes on where an interrupted job has left off; the step that got no answer is not done twice. */
export function continueJob(): Promise<Job> | null {
  if (job?.state !== "interrupted" && job?.state !== "stopped") return null;
  become({ state: "running", error: null, endedAt: null });
  return drive();
}

/** Leaves the rest as it is; the step that is on its way is waited for. */
export function cancelJob(): void {
  if (job?.state === "running") become({ state: "stopping" });
  wake();
}

export function dismissJob(): void {
  if (isGoing(job?.state)) return;
  job = null;
  for (const listener of listeners) listener();
}

async function drive(): Promise<Job> {
  addEventListener("beforeunload", onLeave);
  for (const listener of listeners) listener();
  while (job?.state === "running" && rest) {
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
  if (job?.state === "stopping") become({ state: rest ? "stopped" : "done" });
  become({ endedAt: Date.now() });
  removeEventListener("beforeunload", onLeave);
  return job as Job;
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
