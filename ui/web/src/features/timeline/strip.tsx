import { useRef } from "react";
import { clockTime, count, plural, type Zone } from "../../shared/time/format.ts";
import type { Bucket } from "./density.ts";

const HEIGHT = 100;
const MARKS = [0, 0.25, 0.5, 0.75, 1];

/** "14:31:00 UTC, 7 ran, 1 of them not ok, 11 due". */
export function bucketName({ begin, ran, bad, due, spike }: Bucket, now: number, zone: Zone) {
  const said = [clockTime(begin, zone)];
  if (begin <= now) said.push(`${count(ran)} ran`);
  if (bad > 0) said.push(`${count(bad)} of them not ok`);
  if (begin >= now) said.push(`${count(due)} due`);
  if (spike) said.push("a spike");
  return said.join(", ");
}

/** Bars of what ran on the left of now and of what is due on its right; each bar is a button. */
export function Strip({
  buckets,
  now,
  step,
  zone,
  chosen,
  onChoose,
}: {
  buckets: readonly Bucket[];
  now: number;
  step: number;
  zone: Zone;
  chosen: number | null;
  onChoose: (begin: number) => void;
}) {
  const most = Math.max(1, ...buckets.map(({ ran, due }) => ran + due));
  const strip = useRef<HTMLDivElement>(null);
  const focused = buckets.some(({ begin }) => begin === chosen) ? chosen : now;
  const move = (at: number) => {
    const index = Math.max(0, Math.min(buckets.length - 1, at));
    strip.current?.querySelectorAll<HTMLElement>("button")[index]?.focus();
  };
  const first = buckets[0]?.begin ?? now;
  const per = step < 120 ? "minute" : `${step / 60} min`;
  return (
    <div className="strip-frame">
      <span className="strip-most faint" aria-hidden="true">
        {plural(most, "run")} per {per}
      </span>
      <div ref={strip} className="strip" role="group" aria-label={`Runs per ${per}`}>
        {buckets.map((bucket, index) => {
          const { begin, ran, bad, due, spike } = bucket;
          const name = bucketName(bucket, now, zone);
          const part = (number: number) => (HEIGHT * number) / most;
          return (
            <button
              key={begin}
              type="button"
              className="strip-bar"
              data-now={begin === now || undefined}
              data-spike={spike || undefined}
              aria-pressed={begin === chosen}
              aria-label={name}
              title={name}
              tabIndex={begin === focused ? 0 : -1}
              onClick={() => onChoose(begin)}
              onKeyDown={(event) => {
                if (event.key === "ArrowRight") move(index + 1);
                else if (event.key === "ArrowLeft") move(index - 1);
                else if (event.key === "Home") move(0);
                else if (event.key === "End") move(buckets.length - 1);
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
                <rect
                  className="strip-good"
                  x="1"
                  width="8"
                  y={HEIGHT - part(ran - bad)}
                  height={part(ran - bad)}
                />
                <rect
                  className="strip-bad"
                  x="1"
                  width="8"
                  y={HEIGHT - part(ran)}
                  height={part(bad)}
                />
                <rect
                  className="strip-due"
                  x="1"
                  width="8"
                  y={HEIGHT - part(ran + due)}
                  height={part(due)}
                />
              </svg>
            </button>
          );
        })}
      </div>
      <div className="strip-marks" aria-hidden="true">
        {MARKS.map((mark) => (
          <span key={mark} className={mark === 0.5 ? "strip-now" : "faint"}>
            {mark === 0.5
              ? "now"
              : clockTime(first + mark * buckets.length * step, zone).replace(/:\d\d /, " ")}
          </span>
        ))}
      </div>
      <ul className="strip-legend">
        <li>
          <span className="swatch" data-strip="good" /> ran
        </li>
        <li>
          <span className="swatch" data-strip="bad" /> not ok
        </li>
        <li>
          <span className="swatch" data-strip="due" /> due
        </li>
        {buckets.some(({ spike }) => spike) && (
          <li>
            <span className="swatch" data-strip="spike" /> due, far more than usual
          </li>
        )}
      </ul>
    </div>
  );
}
