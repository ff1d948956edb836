import { useSyncExternalStore } from "react";

/** What may be selected for a bulk command. */
export interface BulkPick {
  tenants?: string[];
  state?: string;
  q?: string;
  tag?: string;
  all?: boolean;
}

export type BulkOperation = "pause" | "resume" | "run-now" | "delete" | "set-interval";

export type Wanted =
  | { kind: "delete"; tenant: string }
  | { kind: "pause"; tenant: string }
  | { kind: "form"; tenant?: string }
  | { kind: "bulk"; operation: BulkOperation; pick: BulkPick; words: string }
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
