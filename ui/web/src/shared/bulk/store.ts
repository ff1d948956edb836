import { useSyncExternalStore } from "react";
import type { components } from "../api/schema.d.ts";
import type { BulkOperation, BulkPick } from "../ui/dialogs.ts";

type Schemas = components["schemas"];
export type Bulk = Schemas["Bulk"];
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

/** A bulk command that the server carries out, and this page watches. */
export interface Job {
  order: Order;
  /** As the server last told; null until it has accepted the command. */
  bulk: Bulk | null;
  /** Whether the rest was called off, and the server has not said so yet. */
  cancelling: boolean;
  /** Why it was not accepted, or why nothing is heard of it at the moment. */
  error: unknown;
}

/** Whether there is more to come. */
export function isGoing(job: Job | null): boolean {
  return job !== null && (job.bulk ? job.bulk.state === "running" : job.error === null);
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
