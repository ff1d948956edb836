import { useSyncExternalStore } from "react";

/*
 * Whether the server can be reached. The browser's word on its network is believed only when it says no:
 * with a router but no line behind it, or after a reload without network, it says yes all the same.
 */

const GAPS = [1000, 2000, 4000, 8000, 15_000];

let reachable = navigator.onLine;
let probing = false;
let wake = () => {};
const listeners = new Set<(reachable: boolean) => void>();

function become(next: boolean): void {
  if (next === reachable) return;
  reachable = next;
  for (const listener of listeners) listener(next);
}

export function isReachable(): boolean {
  return reachable;
}

/** Calls back when the server gets lost, and when it is found again. */
export function onReach(listener: (reachable: boolean) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useReachable(): boolean {
  return useSyncExternalStore(onReach, isReachable);
}

/** An answer came, whatever it says. */
export function answered(): void {
  become(true);
}

/** A request got no answer. The cheapest of all requests tells whether the server is lost. */
export function unanswered(): void {
  if (probing) wake();
  else void probe();
}

async function probe(): Promise<void> {
  probing = true;
  for (let tries = 0; ; tries += 1) {
    try {
      await fetch("/ops/ping", { cache: "no-store", signal: AbortSignal.timeout(5000) });
      break;
    } catch {
      become(false);
    }
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, GAPS[Math.min(tries, GAPS.length - 1)]);
    });
  }
  probing = false;
  answered();
}

addEventListener("offline", () => {
  become(false);
  unanswered();
});
addEventListener("online", unanswered);
addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
if (!reachable) unanswered();
