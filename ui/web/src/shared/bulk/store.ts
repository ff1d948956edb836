import { useSyncExternalStore } from "react";
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

export function isGoing(state: Job["state"] | undefined): boolean {
  return state === "running" || state === "stopping";
}

let job: Job | null = null;
const listeners = new Set<() => void>();

export function getJob(): Job | null {
  return job;
}

export function setJob(next: Job | null): void {
  job = next;
  for (const listener of listeners) listener();
}

export function useJob(): Job | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, getJob);
}
