import { useSyncExternalStore } from "react";
import type { Counts, Schedule } from "../api/types.ts";
import { forgetBeats } from "./beats.ts";
import {
  emptyRoster,
  type Roster,
  type Row,
  reduced,
  shown,
  shownCounts,
  type Told,
} from "./roster.ts";

let roster: Roster = emptyRoster;
const listeners = new Set<() => void>();

export function getRoster(): Roster {
  return roster;
}

export function tell(...all: Told[]): void {
  const next = reduced(roster, all);
  if (next === roster) return;
  roster = next;
  for (const listener of listeners) listener();
}

/** Forgets everything, as after a sign-out. */
export function forget(): void {
  roster = emptyRoster;
  forgetBeats();
  for (const listener of listeners) listener();
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** One tenant's row; only its own changes render again. */
export function useRow(tenant: string): Row | undefined {
  return useSyncExternalStore(subscribe, () => roster.rows.get(tenant));
}

/** The schedule as it is to be shown: undefined while unknown, null once deleted. */
export function useSchedule(tenant: string): Schedule | null | undefined {
  return shown(useRow(tenant));
}

export function useRoster(): Roster {
  return useSyncExternalStore(subscribe, getRoster);
}

let countsOf: Roster | undefined;
let counts: Counts | null = null;

function currentCounts(): Counts | null {
  if (countsOf !== roster) {
    countsOf = roster;
    const next = shownCounts(roster);
    if (JSON.stringify(next) !== JSON.stringify(counts)) counts = next;
  }
  return counts;
}

export function useCounts(): Counts | null {
  return useSyncExternalStore(subscribe, currentCounts);
}
