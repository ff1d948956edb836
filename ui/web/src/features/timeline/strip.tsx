import { useRef } from "react";
import { clockTime, plural, type Zone } from "../../shared/time/format.ts";
import type { Bucket } from "./density.ts";

const HEIGHT = 100;

/** Bars of what ran on the left of now and of what is due on its right; each bar is a button. */
export function Strip({
  before,
  next,
  now,
  step,
  zone,
  chosen,
  onChoose,
}: {
  before: readonly Bucket[];
  next: readonly Bucket[];
  now: number;
  step: number;
  zone: Zone;
  chosen: number | null;
  onChoose: (begin: number) => void;
}) {
  const all = [...before.slice(0, -1), ...next];
  const most = Math.max(1, ...all.map(({ count }) => count));
  const strip = useRef<HTMLDivElement>(null);
  const focused = all.some(({ begin }) => begin === chosen) ? chosen : now;
  const move = (at: number) => {
    const index = Math.max(0, Math.min(all.length - 1, at));
    strip.current?.querySelectorAll<HTMLElement>("button")[index]?.focus();
  };
  return (
    <div
      ref={strip}
      className="strip"
      role="group"
      aria-label={`Runs per ${step < 120 ? "minute" : `${step / 60} minutes`}`}
    >
      {all.map(({ begin, count, bad }, index) => {
        const isPast = begin < now;
        const name = `${clockTime(begin, zone)}, ${plural(count, "run")} ${isPast ? "ran" : "due"}${bad > 0 ? `, ${bad} not ok` : ""}`;
        const good = (HEIGHT * (count - bad)) / most;
        const failed = (HEIGHT * bad) / most;
        return (
          <button
            key={begin}
            type="button"
            className="strip-bar"
            data-now={begin === now || undefined}
            data-past={isPast || undefined}
            aria-pressed={begin === chosen}
            aria-label={name}
            title={name}
            tabIndex={begin === focused ? 0 : -1}
            onClick={() => onChoose(begin)}
            onKeyDown={(event) => {
              if (event.key === "ArrowRight") move(index + 1);
              else if (event.key === "ArrowLeft") move(index - 1);
              else return;
              event.preventDefault();
            }}
          >
            <svg
              viewBox={`0 0 10 ${HEIGHT}`}
              preserveAspectRatio="none"
              aria-hidden="true"
              focusable="false"
            >
              <rect className="strip-good" x="1" width="8" y={HEIGHT - good} height={good} />
              <rect
                className="strip-bad"
                x="1"
                width="8"
                y={HEIGHT - good - failed}
                height={failed}
              />
            </svg>
          </button>
        );
      })}
      <span className="strip-left faint" aria-hidden="true">
        {clockTime(all[0]?.begin ?? now, zone)}
      </span>
      <span className="strip-now" aria-hidden="true">
        now
      </span>
      <span className="strip-right faint" aria-hidden="true">
        {clockTime((all.at(-1)?.begin ?? now) + step, zone)}
      </span>
    </div>
  );
}
