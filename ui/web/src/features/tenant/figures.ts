import type { components } from "../../shared/api/schema.d.ts";

/** Runs of seven days, counted in short stretches. */
export interface Week {
  buckets: readonly components["schemas"]["TimelineBucket"][];
  /** From when on all that ran is counted, in epoch seconds; failures are throughout. */
  since: number;
}

export interface Figures {
  ended: number;
  good: number;
  bad: number;
  /** Good ones among those that ended well or not, in percent; null without any. */
  rate: number | null;
}

export function figures({ buckets }: Week, sinceSec: number): Figures {
  const within = buckets.filter(({ at }) => at >= sinceSec);
  const good = within.reduce((sum, { succeeded }) => sum + succeeded, 0);
  const bad = within.reduce((sum, { failed }) => sum + failed, 0);
  const ended = good + bad;
  // Never rounded up to a hundred: one failure in a thousand is no success.
  return { ended, good, bad, rate: ended === 0 ? null : Math.floor((1000 * good) / ended) / 10 };
}

/** The value below which that part of the values lies, by nearest rank. */
export function quantile(values: readonly number[], part: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? null;
}

export interface Cell {
  /** Epoch seconds of the hour's begin. */
  hour: number;
  /** Null where the good ones were not read. */
  good: number | null;
  bad: number;
}

const HOUR = 3600;
const DAY = 86_400;

/** When the week begins that ends with today, by the clock of `awaySec` east of UTC. */
export function beginOfWeek(nowSec: number, awaySec = 0): number {
  return Math.floor((nowSec + awaySec) / DAY) * DAY - awaySec - 6 * DAY;
}

/** Seven days from `begin` on hour by hour, oldest day first. */
export function heat({ buckets, since }: Week, begin: number): Cell[][] {
  const cells: Cell[] = Array.from({ length: 7 * 24 }, (_, index) => {
    const hour = begin + index * HOUR;
    return { hour, good: hour + HOUR <= since ? null : 0, bad: 0 };
  });
  for (const { at, succeeded, failed } of buckets) {
    const cell = cells[Math.floor((at - begin) / HOUR)];
    if (!cell) continue;
    if (cell.good !== null) cell.good += succeeded;
    cell.bad += failed;
  }
  return Array.from({ length: 7 }, (_, day) => cells.slice(day * 24, day * 24 + 24));
}
