import type { components } from "../../shared/api/schema.d.ts";
import type { Run, Schedule } from "../../shared/api/types.ts";

/** A run to come. */
export interface Due {
  tenant: string;
  at: number;
}

/** How many slots of one tenant are looked at, so that a fast one does not stand for all. */
const MOST = 20_000;

/**
 * When each tenant runs between `from` and `until` (epoch seconds), soonest first. An interval goes on from
 * the next run; of a cron expression only its next run is known here.
 */
export function upcoming(schedules: readonly Schedule[], until: number, from = -Infinity): Due[] {
  const all: Due[] = [];
  for (const { tenant, next_run, interval_sec, breaker, ends_at } of schedules) {
    if (next_run == null) continue;
    const end = Math.min(until, ends_at ?? Infinity);
    if (next_run <= end && next_run >= from) all.push({ tenant, at: next_run });
    if (interval_sec === null || breaker) continue;
    const passed = Math.max(1, Math.ceil((from - next_run) / interval_sec));
    let at = next_run + passed * interval_sec;
    for (let left = MOST; at <= end && left > 0; left -= 1, at += interval_sec)
      all.push({ tenant, at });
  }
  return all.sort((a, b) => a.at - b.at || a.tenant.localeCompare(b.tenant));
}

/** A stretch of the strip. */
export interface Bucket {
  /** Epoch seconds at which it begins. */
  begin: number;
  ran: number;
  /** Those among them that did not end well. */
  bad: number;
  due: number;
  /** Whether much more is due than usually. */
  spike: boolean;
}

/** A herd is at least so many runs, and so many times the usual. */
const HERD = 5;
const TIMES = 1.4;

/** What the server counts, with the failures and the spikes marked. */
export function bucketsOf(
  counted: readonly components["schemas"]["TimelineBucket"][],
  failed: readonly Pick<Run, "started">[],
  step: number,
): Bucket[] {
  const bad = new Map<number, number>();
  for (const { started } of failed) {
    const begin = Math.floor(started / step) * step;
    bad.set(begin, (bad.get(begin) ?? 0) + 1);
  }
  const dues = counted.flatMap(({ due }) => (due > 0 ? [due] : [])).sort((a, b) => a - b);
  const usual = dues[Math.floor(dues.length / 2)] ?? 0;
  return counted.map(({ at, ran, due }) => ({
    begin: at,
    ran,
    bad: Math.min(ran, bad.get(at) ?? 0),
    due,
    spike: due >= HERD && due >= TIMES * usual,
  }));
}
