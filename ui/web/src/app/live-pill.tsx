import { type LiveState, useLive } from "../shared/live/live.ts";
import { usePrefs } from "../shared/prefs.ts";
import { useSlowNow } from "../shared/time/clock.ts";
import type { Zone } from "../shared/time/format.ts";
import { clockTime, span } from "../shared/time/format.ts";

/** How fresh what is shown is, in words. */
export function pillText(
  live: LiveState,
  nowMs: number,
  zone: Zone,
): { tone: string; text: string } {
  const from = live.heard > 0 ? `, data from ${clockTime(live.heard / 1000, zone)}` : "";
  if (live.kind === "offline") return { tone: "error", text: `Offline${from}` };
  const age = live.heard > 0 ? (nowMs - live.heard) / 1000 : 0;
  const isStale = age > Math.max(60, 2 * live.everySec + 10);
  if (live.kind === "failing" || (isStale && live.kind !== "paused" && live.kind !== "live")) {
    return { tone: "warn", text: live.heard > 0 ? `Stale ${span(age)}` : "No answer" };
  }
  if (live.kind === "live") return { tone: "ok", text: "Live" };
  if (live.kind === "polling") return { tone: "ok", text: `Refreshing every ${live.everySec} s` };
  if (live.kind === "paused") return { tone: "paused", text: "Paused (tap to refresh)" };
  return { tone: "never", text: "Connecting" };
}

export function LivePill({ onRefresh }: { onRefresh: () => void }) {
  const live = useLive();
  const now = useSlowNow();
  const { zone } = usePrefs();
  const { tone, text } = pillText(live, now, zone);
  const kind = text.split(/[ ,]/)[0];
  return (
    <>
      <button
        type="button"
        className="pill"
        data-tone={tone}
        title="Refresh now"
        aria-label={`${text}. Refresh now`}
        onClick={onRefresh}
      >
        <span className="pill-dot" aria-hidden="true" />
        <span className="pill-text">{text}</span>
      </button>
      {/* Changes of kind are said aloud, the age is not. */}
      <span className="visually-hidden" role="status">
        {kind}
      </span>
    </>
  );
}
