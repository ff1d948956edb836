import { useSyncExternalStore } from "react";
import type { Run } from "../api/types.ts";
import type { Beat } from "../ui/spark.tsx";

/** How many runs of each tenant are shown, and of how many tenants they are kept. */
export const RUNS = 30;
const KEPT = 2000;

interface Known extends Beat {
  run_id: string;
}

/** The last runs of tenants, newest first: asked for once when they come into view, then told by events. */
let known = new Map<string, readonly Known[]>();
/** Of whom nothing was missed since they were asked for. */
let current = new Set<string>();
let generation = 0;
const listeners = new Set<() => void>();

function changed(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A run has ended: it comes first with its tenant. */
export function tellBeat({ tenant, run_id, state, duration_ms }: Run): void {
  const before = known.get(tenant);
  if (!before || before.some((beat) => beat.run_id === run_id)) return;
  known.set(tenant, [{ run_id, state, duration_ms }, ...before].slice(0, RUNS));
  changed();
}

/** Something was missed: those in view are asked for again, and shown as they were until then. */
export function doubtBeats(): void {
  current = new Set();
  generation += 1;
  changed();
}

/** Forgets everything, as after a sign-out. */
export function forgetBeats(): void {
  known = new Map();
  doubtBeats();
}

export function useBeats(tenant: string): readonly Beat[] | undefined {
  return useSyncExternalStore(subscribe, () => known.get(tenant));
}

/** Changes whenever something was missed. */
export function useGeneration(): number {
  return useSyncExternalStore(subscribe, () => generation);
}

export function isKnown(tenant: string): boolean {
  return current.has(tenant);
}

/** Takes in what was asked for in that generation. */
export function putBeats(asked: number, latest: readonly { tenant: string; runs: Run[] }[]): void {
  if (asked !== generation) return;
  if (known.size > KEPT) {
    known = new Map();
    current = new Set();
  }
  for (const { tenant, runs } of latest) {
    current.add(tenant);
    // Of a whole run only this is kept.
    known.set(
      tenant,
      runs.map(({ run_id, state, duration_ms }) => ({ run_id, state, duration_ms })),
    );
  }
  changed();
}
