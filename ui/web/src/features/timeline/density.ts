import type { Run, Schedule } from "../../shared/api/types.ts";

/** A run to come. */
export interface Due {
  tenant: string;
  at: number;
}

/** How many slots of one tenant are looked at, so that a fast one does not stand for all. */
const MOST = 20_000;

/**
 * When each tenant runs between now and `until` (epoch seconds), soonest first. An interval goes on from
 * the next run; of a cron expression only its next run is known here.
 */
export function upcoming(schedules: readonly Schedule[], until: number): Due[] {
  const all: Due[] = [];
  for (const { tenant, next_run, interval_sec, breaker, ends_at } of schedules) {
    if (next_run == null) continue;
    const end = Math.min(until, ends_at ?? Infinity);
    if (next_run <= end) all.push({ tenant, at: next_run });
    if (interval_sec === null || breaker) continue;
    let at = next_run + interval_sec;
    for (let left = MOST; at <= end && left > 0; left -= 1, at += interval_sec)
      all.push({ tenant, at });
  }
  return all.sort((a, b) => a.at - b.at || a.tenant.localeCompare(b.tenant));
}

export interface Bucket {
  /** Epoch seconds at which it begins. */
  begin: number;
  count: number;
  bad: number;
}

/** How many fall into each step of a window. */
export function buckets(
  items: readonly { at: number; bad?: boolean }[],
  begin: number,
  step: number,
  number: number,
): Bucket[] {
  const all = Array.from({ length: number }, (_, index) => ({
    begin: begin + index * step,
    count: 0,
    bad: 0,
  }));
  for (const { at, bad } of items) {
    const bucket = all[Math.floor((at - begin) / step)];
    if (!bucket) continue;
    bucket.count += 1;
    if (bad) bucket.bad += 1;
  }
  return all;
}

export function ran(runs: readonly Run[]): { at: number; bad: boolean }[] {
  return runs.map(({ started, state }) => ({
    at: started,
    bad: state !== "succeeded" && state !== "running",
  }));
}
