import { http, newKey, ok, sent } from "../api/http.ts";
import { isProblem } from "../api/problem.ts";
import { plural } from "../time/format.ts";
import { type Bulk, getJob, isGoing, type Job, type Order, setJob } from "./store.ts";

/** How long to wait before the server is asked how far it is, in milliseconds: longer each time, up to a bound. */
const SOON = 150;
const LATER = 2000;

/** Under which the server accepts the command once, however often it is sent. */
let key = newKey();
/** Schedules per second, as last seen. */
let rate = 2000;
let timer: ReturnType<typeof setTimeout> | undefined;

function become(part: Partial<Job>): void {
  const job = getJob();
  if (job) setJob({ ...job, ...part });
}

/** How long a command over so many takes, roughly, in seconds. */
export function estimate(many: number): number {
  return Math.max(1, Math.ceil(many / rate));
}

/** Gives an order to the server. The promise ends when it was accepted or refused. */
export function startJob(order: Order): Promise<void> {
  key = newKey();
  return send(order);
}

/** Sends an order again that got no answer; it is not carried out twice. */
export async function sendAgain(): Promise<void> {
  const job = getJob();
  if (job && job.bulk === null && !isGoing(job)) await send(job.order);
}

async function send(order: Order): Promise<void> {
  clearTimeout(timer);
  setJob({ order, bulk: null, cancelling: false, error: null });
  try {
    heard(await accepted(order));
  } catch (error) {
    become({ error });
  }
}

/** Watches a bulk command that is under way already, as after the page was opened anew. */
export async function findJob(source: string): Promise<void> {
  const path = { source };
  const { bulks } = ok(await http.GET("/api/crm/import/{source}/bulk", { params: { path } }));
  const bulk = bulks.find(({ state }) => state === "running");
  if (!bulk || getJob()) return;
  const { operation, matched: expect, interval_sec, reason } = bulk;
  const order: Order = {
    source,
    operation,
    // Not told: only those that fail are asked for again, by name.
    filter: { tenants: [] },
    words: plural(expect, "tenant"),
    expect,
    ...(interval_sec == null ? {} : { interval: interval_sec }),
    ...(reason == null ? {} : { reason }),
  };
  setJob({ order, bulk, cancelling: false, error: null });
  heard(bulk);
}

/** Calls off the rest; the step that is under way is carried out. */
export async function cancelJob(): Promise<void> {
  const job = getJob();
  if (!job?.bulk || !isGoing(job)) return;
  become({ cancelling: true });
  try {
    const path = { source: job.order.source, id: job.bulk.id };
    const told = await http.POST("/api/crm/import/{source}/bulk/{id}/cancel", {
      params: { path },
    });
    heard(ok(told).bulk);
  } catch (error) {
    // It was over before the wish arrived: the next look tells.
    become({ cancelling: false, ...(isProblem(error, "bulk_over") ? {} : { error }) });
  }
}

export function dismissJob(): void {
  if (isGoing(getJob())) return;
  clearTimeout(timer);
  setJob(null);
}

function heard(bulk: Bulk, wait = SOON): void {
  const job = getJob();
  // An answer that was on its way when the end was told knows less.
  const isNews = job?.bulk == null || (job.bulk.id === bulk.id && job.bulk.state === "running");
  if (job === null || !isNews) return;
  clearTimeout(timer);
  const spent = bulk.updated - bulk.created;
  if (spent > 0 && bulk.done > 0) rate = bulk.done / spent;
  const cancelling = job.cancelling && bulk.state === "running";
  setJob({ ...job, bulk, cancelling, error: null });
  if (bulk.state === "running") watch(bulk, wait);
}

function watch(bulk: Bulk, wait: number): void {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const next = Math.min(LATER, wait * 1.5);
    try {
      const path = { source: getJob()?.order.source ?? "", id: bulk.id };
      const told = await http.GET("/api/crm/import/{source}/bulk/{id}", { params: { path } });
      heard(ok(told).bulk, next);
    } catch (error) {
      become({ error });
      // The server goes on whether it is heard or not.
      if (!isProblem(error, "bulk_not_found")) watch(bulk, LATER);
    }
  }, wait);
}

function accepted({ source, operation, filter, expect, interval, reason }: Order): Promise<Bulk> {
  return sent(async (key) => {
    const answer = await http.POST("/api/crm/import/{source}/bulk", {
      params: { path: { source }, header: { "idempotency-key": key } },
      body: {
        operation,
        filter,
        expect,
        background: true,
        ...(operation === "set-interval" ? { interval_sec: interval } : {}),
        ...(reason ? { reason } : {}),
      },
    });
    const told = ok(answer);
    if (!("bulk" in told)) throw new Error("the bulk command was not taken into the background");
    return told.bulk;
  }, key);
}
