import { useSyncExternalStore } from "react";
import { narrowed, offset, type Skew, unknownSkew } from "./skew.ts";

let skew: Skew = unknownSkew;

/** The server's time now, in milliseconds since the epoch. */
export function serverNow(): number {
  return Date.now() + offset(skew);
}

/** Learns from an answer that was asked for at `sent`. */
export function observe(headers: Headers, sent: number): void {
  const date = Date.parse(headers.get("date") ?? "");
  const received = Date.now();
  if (!Number.isNaN(date) && received - sent < 5000) skew = narrowed(skew, date, sent, received);
}

// One timer ticks for the whole page, at the turn of the server's second.
const listeners = new Set<() => void>();
let second = Math.floor(serverNow() / 1000);
let timer: ReturnType<typeof setTimeout> | undefined;

function tick(): void {
  second = Math.floor(serverNow() / 1000);
  for (const listener of listeners) listener();
  timer = setTimeout(tick, 1000 - (serverNow() % 1000) + 5);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) tick();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearTimeout(timer);
  };
}

/** The server's time in milliseconds, renewed each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => second) * 1000;
}

const minute = () => Math.floor(second / 10) * 10;

/** The server's time in milliseconds, renewed every ten seconds: enough for "5 min ago". */
export function useSlowNow(): number {
  return useSyncExternalStore(subscribe, minute) * 1000;
}
