import { useRef, useState } from "react";
import { stamp, type Zone } from "../../shared/time/format.ts";
import type { Cell } from "./figures.ts";

const week = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** The name of an hour: "Tue 14:00 UTC, 11 ok, 1 error". */
export function cellName(cell: Cell, zone: Zone): string {
  const [day = "", time = "", away = ""] = stamp(cell.hour, zone).split(" ");
  const errors = `${cell.bad} ${cell.bad === 1 ? "error" : "errors"}`;
  const what =
    cell.good === null
      ? `${errors}, good runs not counted`
      : cell.good + cell.bad === 0
        ? "no runs"
        : `${cell.good} ok, ${errors}`;
  return `${week[new Date(`${day}T12:00:00Z`).getUTCDay()]} ${time.slice(0, 5)} ${away}, ${what}`;
}

/** Seven days by twenty-four hours. One cell is in the tab order, arrows move between them. */
export function Heatmap({
  days,
  zone,
  nowSec,
}: {
  days: readonly (readonly Cell[])[];
  zone: Zone;
  nowSec: number;
}) {
  const grid = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<[number, number]>([6, 0]);
  const [told, setTold] = useState<string | null>(null);
  const most = Math.max(1, ...days.flat().map(({ good, bad }) => (good ?? 0) + bad));
  const move = (day: number, hour: number) => {
    const next: [number, number] = [Math.max(0, Math.min(6, day)), Math.max(0, Math.min(23, hour))];
    setAt(next);
    grid.current?.querySelector<HTMLElement>(`[data-cell="${next[0]}-${next[1]}"]`)?.focus();
  };
  const steps: Record<string, [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  return (
    <>
      <div ref={grid} className="heat" role="group" aria-label="Runs by hour">
        {days.map((cells, day) => (
          <div key={cells[0]?.hour ?? day} className="heat-day">
            <span className="heat-name" aria-hidden="true">
              {cellName(cells[12] ?? { hour: 0, good: 0, bad: 0 }, zone).slice(0, 3)}
            </span>
            {cells.map((cell, hour) => {
              const all = (cell.good ?? 0) + cell.bad;
              const level = all === 0 ? 0 : 1 + Math.min(3, Math.floor((4 * all) / (most + 1)));
              const name = cellName(cell, zone);
              return (
                <button
                  key={cell.hour}
                  type="button"
                  className="heat-cell"
                  data-cell={`${day}-${hour}`}
                  data-level={level}
                  data-unread={cell.good === null || undefined}
                  data-bad={cell.bad > 0 || undefined}
                  data-ahead={cell.hour > nowSec || undefined}
                  tabIndex={at[0] === day && at[1] === hour ? 0 : -1}
                  aria-label={name}
                  title={name}
                  onFocus={() => {
                    setAt([day, hour]);
                    setTold(name);
                  }}
                  onKeyDown={(event) => {
                    const step = steps[event.key];
                    if (!step) return;
                    event.preventDefault();
                    move(day + step[0], hour + step[1]);
                  }}
                >
                  {cell.bad > 0 && (
                    <svg viewBox="0 0 10 10" aria-hidden="true" focusable="false">
                      <path d="M2 2l6 6M8 2l-6 6" />
                    </svg>
                  )}
                </button>
              );
            })}
          </div>
        ))}
        <div className="heat-day heat-hours" aria-hidden="true">
          <span className="heat-name" />
          {Array.from({ length: 8 }, (_, part) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: eight fixed marks of a scale
            <span key={part}>{String(part * 3).padStart(2, "0")}</span>
          ))}
        </div>
      </div>
      <p className="faint heat-told">
        {told ??
          `Choose an hour to read it. A cross marks a failure${
            days.flat().some(({ good }) => good === null)
              ? "; of hatched hours only failures are counted"
              : ""
          }.`}
      </p>
    </>
  );
}
