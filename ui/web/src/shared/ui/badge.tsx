import type { RunState, ScheduleState } from "../api/types.ts";
import { Icon, type IconName } from "./icons.tsx";

interface Look {
  word: string;
  tone: "ok" | "error" | "paused" | "running" | "warn" | "never";
  icon: IconName;
}

export const stateLooks: Record<ScheduleState, Look> = {
  ok: { word: "OK", tone: "ok", icon: "check" },
  error: { word: "ERROR", tone: "error", icon: "cross" },
  paused: { word: "PAUSED", tone: "paused", icon: "pause" },
  running: { word: "RUNNING", tone: "running", icon: "run" },
  backoff: { word: "RETRYING", tone: "warn", icon: "retry" },
  broken: { word: "BROKEN", tone: "error", icon: "broken" },
  never: { word: "NEVER RUN", tone: "never", icon: "clock" },
};

export const runLooks: Record<RunState, Look> = {
  running: { word: "RUNNING", tone: "running", icon: "run" },
  succeeded: { word: "OK", tone: "ok", icon: "check" },
  failed: { word: "FAILED", tone: "error", icon: "cross" },
  cancelled: { word: "CANCELLED", tone: "paused", icon: "pause" },
  timed_out: { word: "TIMED OUT", tone: "warn", icon: "clock" },
  abandoned: { word: "ABANDONED", tone: "warn", icon: "broken" },
};

/** A paused schedule is shown as paused while its last run goes on. */
export function lookOf(schedule: { state: ScheduleState; paused: boolean }): Look {
  return stateLooks[schedule.paused ? "paused" : schedule.state];
}

export function Badge({ look }: { look: Look }) {
  return (
    <span className="badge" data-tone={look.tone}>
      <Icon name={look.icon} />
      {look.word}
    </span>
  );
}
