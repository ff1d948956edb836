import type { components } from "../../shared/api/schema.d.ts";

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

/** What the server counts, with the spikes marked. */
export function bucketsOf(counted: readonly components["schemas"]["TimelineBucket"][]): Bucket[] {
  const dues = counted.flatMap(({ due }) => (due > 0 ? [due] : [])).sort((a, b) => a - b);
  const usual = dues[Math.floor(dues.length / 2)] ?? 0;
  return counted.map(({ at, ran, failed, due }) => ({
    begin: at,
    // Of what is too long ago only failures are counted.
    ran: Math.max(ran, failed),
    bad: failed,
    due,
    spike: due >= HERD && due >= TIMES * usual,
  }));
}
