import type { AuditEntry, Counts, Run, Schedule } from "../shared/api/types.ts";
import type { Bulk } from "../shared/bulk/store.ts";

export const NOW = 1_795_350_000;

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

const noStats = {
  imported: 0,
  skipped: 0,
  created: 0,
  updated: 0,
  gone: 0,
  failed: 0,
  requests: 0,
};

export function schedule(part: Partial<Schedule> = {}): Schedule {
  return {
    tenant: "acme",
    source: "acculynx",
    revision: 1,
    state: "ok",
    paused: false,
    running: false,
    interval_sec: 300,
    cron: null,
    timezone: null,
    jitter_sec: 0,
    starts_at: null,
    starts_at_iso: null,
    ends_at: null,
    ends_at_iso: null,
    timeout_sec: 600,
    overlap: "skip",
    catch_up: "latest",
    retry: { max_attempts: 3, base_sec: 5, max_sec: 300 },
    pause_after_failures: 10,
    note: null,
    tags: [],
    created: NOW - 10_000,
    created_iso: iso(NOW - 10_000),
    pause: null,
    run: null,
    retrying: null,
    hold_until: null,
    hold_until_iso: null,
    breaker: null,
    failures: 0,
    last_run: NOW - 60,
    last_run_iso: iso(NOW - 60),
    last_status: {
      ok: true,
      ts: NOW - 58,
      ts_iso: iso(NOW - 58),
      message: "2 created",
      result: { stats: { ...noStats, imported: 2, skipped: 11 } },
      run_id: "01run",
      state: "succeeded",
      duration_ms: 1800,
      error: null,
    },
    next_run: NOW + 240,
    next_run_iso: iso(NOW + 240),
    ...part,
  };
}

export function counts(part: Partial<Counts> = {}): Counts {
  return {
    total: 0,
    ok: 0,
    error: 0,
    paused: 0,
    running: 0,
    backoff: 0,
    broken: 0,
    never: 0,
    ...part,
  };
}

export function run(part: Partial<Run> = {}): Run {
  return {
    run_id: "01run",
    tenant: "acme",
    trigger: "schedule",
    slot: NOW - 60,
    slot_iso: iso(NOW - 60),
    attempt: 1,
    state: "succeeded",
    started: NOW - 60,
    started_iso: iso(NOW - 60),
    finished: NOW - 58,
    finished_iso: iso(NOW - 58),
    duration_ms: 1800,
    lateness_ms: 12,
    stats: { ...noStats, imported: 2, skipped: 11 },
    message: "2 created",
    error: null,
    phases: [],
    worker: "w1",
    ...part,
  };
}

export function entry(part: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: "01entry",
    ts: NOW - 30,
    ts_iso: iso(NOW - 30),
    tenant: "acme",
    operation: "pause",
    source: "ui",
    actor: "ada",
    role: "operator",
    request_id: "req-7",
    metadata: { reason: "audit week" },
    before: null,
    after: null,
    seq: 1,
    ...part,
  };
}

/** A bulk command that was accepted a moment ago. */
export function bulk(part: Partial<Bulk> = {}): Bulk {
  return {
    id: "0-1",
    operation: "pause",
    interval_sec: null,
    reason: null,
    state: "running",
    actor: "ada",
    request_id: "req-1",
    matched: 100,
    done: 0,
    changed: 0,
    failed: [],
    failed_total: 0,
    created: NOW,
    created_iso: iso(NOW),
    updated: NOW,
    updated_iso: iso(NOW),
    ...part,
  };
}
