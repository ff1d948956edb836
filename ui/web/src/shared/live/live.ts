import { useSyncExternalStore } from "react";
import { http, ok, problem } from "../api/http.ts";
import { Problem } from "../api/problem.ts";
import { isReachable, onReach, unanswered } from "../api/reach.ts";
import type { Capabilities, ChangeEvent } from "../api/types.ts";
import { SseParser } from "./sse.ts";
import { getRoster } from "./store.ts";

export type LiveKind = "connecting" | "live" | "polling" | "paused" | "failing" | "offline";

export interface LiveState {
  kind: LiveKind;
  /** When the server last told us how things stand, by our own clock. */
  heard: number;
  /** How often we ask, where nothing is streamed. */
  everySec: number;
}

let state: LiveState = {
  kind: isReachable() ? "connecting" : "offline",
  heard: 0,
  everySec: 15,
};
const listeners = new Set<() => void>();

function become(part: Partial<LiveState>): void {
  state = { ...state, ...part };
  for (const listener of listeners) listener();
}

export function useLive(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/** Something was read well just now, or then. */
export function heard(at = Date.now()): void {
  become({ heard: Math.max(at, state.heard) });
}

// Whether anyone follows the changes or not.
onReach((isReachable) => become({ kind: isReachable ? "connecting" : "offline" }));

export interface LiveOptions {
  capabilities: Pick<Capabilities, "streaming" | "poll_interval_sec">;
  /** Seconds between polls, 0 for only by hand; undefined follows the host. */
  refreshSec: number | undefined;
  onChanges(changes: ChangeEvent[]): void;
  /** What is known may be of the past: read everything again. */
  onResync(): void;
}

const HIDDEN_FOR = 60_000;
const RETRY_STREAM = 300_000;
const SILENCE = 40_000;

/** Follows the server's changes: one tab streams for all, or each tab polls. Gives a way to stop. */
export function startLive(options: LiveOptions): { stop(): void; refresh(): void } {
  const everySec = options.refreshSec ?? options.capabilities.poll_interval_sec;
  const all = new AbortController();
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("live") : undefined;
  let hot = 0;
  let wake: () => void = () => {};

  const take = (changes: ChangeEvent[]) => {
    if (changes.length > 0) options.onChanges(changes);
    if (changes.some((change) => change.event === "resync")) options.onResync();
    become({ heard: Date.now() });
  };

  const sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const now = () => {
        clearTimeout(timer);
        resolve();
      };
      wake = now;
      signal.addEventListener("abort", now, { once: true });
    });

  async function ask(): Promise<void> {
    const since = getRoster().version;
    const answer = await http.GET("/api/changes", { params: { query: { since } } });
    if (answer.response.status === 304) return become({ heard: Date.now() });
    if (answer.response.status === 410) return take([{ event: "resync", version: 0 }]);
    take(ok(answer).changes);
  }

  async function poll(signal: AbortSignal, until: number): Promise<void> {
    let failures = 0;
    while (!signal.aborted && Date.now() < until) {
      if (everySec === 0 && hot === 0) become({ kind: "paused" });
      else if (document.visibilityState === "visible") {
        try {
          await ask();
          failures = 0;
          become({ kind: "polling", everySec: everySec || 15 });
        } catch (error) {
          failures += 1;
          const isRefused = error instanceof Problem && error.status === 401;
          if (isRefused) return;
          if (isReachable()) become({ kind: "failing" });
        }
      }
      if (hot > 0) hot -= 1;
      const base = hot > 0 ? 3000 : (everySec || 3600) * 1000;
      const slowed = Math.min(base * 2 ** Math.min(failures, 3), Math.max(base, 120_000));
      await sleep(slowed * (0.9 + Math.random() * 0.2), signal);
    }
  }

  async function stream(signal: AbortSignal): Promise<void> {
    const inner = new AbortController();
    const end = () => inner.abort();
    signal.addEventListener("abort", end, { once: true });
    let silence = setTimeout(end, SILENCE);
    try {
      const version = getRoster().version;
      const headers: Record<string, string> = { accept: "text/event-stream", "x-client": "ui" };
      if (version > 0) headers["last-event-id"] = String(version);
      const response = await fetch("/api/events", { headers, signal: inner.signal });
      if (!response.ok || !response.body) {
        throw problem(await response.json().catch(() => undefined), response);
      }
      become({ kind: "live", heard: Date.now() });
      channel?.postMessage({ kind: "live" });
      const parser = new SseParser();
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(end, SILENCE);
        const messages = parser.push(decoder.decode(value, { stream: true }));
        const changes = messages.map((message) => JSON.parse(message.data) as ChangeEvent);
        take(changes);
        channel?.postMessage({ kind: "changes", changes });
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", end);
      inner.abort();
    }
  }

  async function lead(signal: AbortSignal): Promise<void> {
    let failures: number[] = [];
    while (!signal.aborted) {
      try {
        await stream(signal);
        if (!signal.aborted) await sleep(500 + Math.random() * 1500, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Problem && error.status === 401) {
          await http.GET("/api/whoami");
          return;
        }
        const now = Date.now();
        failures = [...failures.filter((at) => now - at < 60_000), now];
        // A stream that is cut off may be all that is wrong.
        unanswered();
        if (isReachable()) become({ kind: "connecting" });
        if (failures.length >= 3) {
          failures = [];
          await poll(signal, now + RETRY_STREAM);
        } else {
          await sleep(2000, signal);
        }
      }
    }
  }

  /** Runs while the page is to be seen; a page hidden for a minute leaves the stream to others. */
  async function attend(signal: AbortSignal): Promise<void> {
    if (!options.capabilities.streaming || options.refreshSec !== undefined) {
      return poll(signal, Infinity);
    }
    if (!navigator.locks) return lead(signal);
    try {
      await navigator.locks.request("live-stream", { signal }, () => lead(signal));
    } catch {
      // Given up while waiting for the lock.
    }
  }

  let shift: AbortController | undefined;
  const begin = () => {
    if (shift || all.signal.aborted || !isReachable()) return;
    shift = new AbortController();
    void attend(shift.signal);
  };
  const pause = () => {
    shift?.abort();
    shift = undefined;
  };
  let hiding: ReturnType<typeof setTimeout> | undefined;
  const onVisibility = () => {
    clearTimeout(hiding);
    if (document.visibilityState === "hidden") hiding = setTimeout(pause, HIDDEN_FOR);
    else {
      begin();
      wake();
    }
  };
  const onNetwork = (isReachable: boolean) => {
    pause();
    if (isReachable) {
      begin();
      options.onResync();
    } else channel?.postMessage({ kind: "lost" });
  };
  const signal = all.signal;
  document.addEventListener("visibilitychange", onVisibility, { signal });
  signal.addEventListener("abort", onReach(onNetwork));
  channel?.addEventListener("message", ({ data }) => {
    if (data.kind === "lost") unanswered();
    if (data.kind === "live") become({ kind: "live", heard: Date.now() });
    if (data.kind === "changes") {
      become({ kind: "live" });
      take(data.changes as ChangeEvent[]);
    }
  });
  begin();

  return {
    stop() {
      all.abort();
      pause();
      clearTimeout(hiding);
      channel?.close();
    },
    refresh() {
      hot = 5;
      wake();
    },
  };
}
