import type { Run } from "../../shared/api/types.ts";

export interface Figures {
  ended: number;
  good: number;
  /** Good ones among those that ended, in percent; null without any. */
  rate: number | null;
}

export function figures(runs: readonly Run[], sinceSec: number): Figures {
  const ended = runs.filter(({ state, started }) => state !== "running" && started >= sinceSec);
  const good = ended.filter(({ state }) => state === "succeeded").length;
  return {
    ended: ended.length,
    good,
    // Never rounded up to a hundred: one failure in a thousand is no success.
    rate: ended.length === 0 ? null : Math.floor((1000 * good) / ended.length) / 10,
  };
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

/**
 * The last seven days hour by hour, oldest day first, by the clock of `awaySec` east of UTC. Runs are known
 * from `since` on, bad ones throughout.
 */
export function heat(
  { runs, bad, since }: { runs: readonly Run[]; bad: readonly Run[]; since: number },
  nowSec: number,
  awaySec = 0,
): Cell[][] {
  const today = Math.floor((nowSec + awaySec) / DAY) * DAY - awaySec;
  const begin = today - 6 * DAY;
  const cells: Cell[] = Array.from({ length: 7 * 24 }, (_, index) => {
    const hour = begin + index * HOUR;
    return { hour, good: hour + HOUR <= since ? null : 0, bad: 0 };
  });
  const cellAt = (at: number) => cells[Math.floor((at - begin) / HOUR)];
  for (const { state, started } of runs) {
    const cell = cellAt(started);
    if (cell && cell.good !== null && state === "succeeded") cell.good += 1;
  }
  for (const { started } of bad) {
    const cell = cellAt(started);
    if (cell) cell.bad += 1;
  }
  return Array.from({ length: 7 }, (_, day) => cells.slice(day * 24, day * 24 + 24));
}
