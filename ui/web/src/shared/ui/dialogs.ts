import { useSyncExternalStore } from "react";
import type { Schedule } from "../api/types.ts";

/** What may be selected for a bulk command. */
export interface BulkPick {
  tenants?: string[];
  state?: string;
  q?: string;
  tag?: string;
  interval_sec?: string;
  overdue?: boolean;
  all?: boolean;
}

export type BulkOperation = "pause" | "resume" | "run-now" | "delete" | "set-interval";

export type Wanted =
  | { kind: "delete"; tenant: string }
  | { kind: "pause"; tenant: string }
  | { kind: "run"; tenant: string; why: "in-flight" | "rate-limited" }
  /** `meant` is an edit that another's has overtaken: the form opens with the difference. */
  | { kind: "form"; tenant?: string; meant?: { interval: number; before: Schedule } }
  | { kind: "bulk"; operation: BulkOperation; pick: BulkPick; words: string }
  | { kind: "job" }
  | { kind: "palette" }
  | { kind: "keys" };

let wanted: Wanted | null = null;
const listeners = new Set<() => void>();

/** Opens a dialog from anywhere: rows, palette and keyboard share them. */
export function openDialog(next: Wanted | null): void {
  wanted = next;
  for (const listener of listeners) listener();
}

export function useDialog(): Wanted | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => wanted,
  );
}
