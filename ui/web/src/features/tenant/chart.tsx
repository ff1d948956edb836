import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Run } from "../../shared/api/types.ts";
import { usePrefs } from "../../shared/prefs.ts";
import { clockTime, count, duration, stamp, type Zone } from "../../shared/time/format.ts";
import { runLooks } from "../../shared/ui/badge.tsx";

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Runs as bars over time: as high as they took long, failures in another colour and with a cross. */
export default function Chart({
  runs,
  zone,
  onOpen,
}: {
  runs: readonly Run[];
  zone: Zone;
  onOpen: (run: Run) => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const { theme } = usePrefs();
  const ended = useMemo(
    () => runs.filter(({ duration_ms }) => duration_ms !== null).toReversed(),
    [runs],
  );
  const latest = useRef({ ended, onOpen, cursor });
  latest.current = { ended, onOpen, cursor };

  const data = useMemo((): uPlot.AlignedData => {
    const seconds = ({ duration_ms }: Run) => (duration_ms ?? 0) / 1000;
    return [
      ended.map(({ started }) => started),
      ended.map((run) => (run.state === "succeeded" ? seconds(run) : null)),
      ended.map((run) => (run.state === "succeeded" ? null : Math.max(seconds(run), 0.02))),
    ];
  }, [ended]);
  const first = useRef(data);
  first.current = data;

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    void theme;
    const bars = uPlot.paths.bars?.({ size: [0.7, 14, 5], radius: 0.2 });
    const axis = {
      stroke: colour("--faint"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui",
    };
    const bad = colour("--bar-bad");
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: 220,
        legend: { show: false },
        tzDate: (at) =>
          zone === "utc" ? uPlot.tzDate(new Date(at * 1000), "UTC") : new Date(at * 1000),
        scales: {
          // Room on both sides, so that no bar is cut in half.
          x: {
            time: true,
            range: (_, least, most) => {
              const room = Math.max((most - least) * 0.02, 2);
              return [least - room, most + room];
            },
          },
          y: { range: (_, __, most) => [0, (most || 1) * 1.16] },
        },
        axes: [
          {
            ...axis,
            size: 30,
            space: 80,
            values: (_, ticks, __, ___, step) =>
              ticks.map((tick) => {
                const [day = "", time = ""] = stamp(tick, zone).split(" ");
                if (step >= 86_400) return day.slice(5);
                return step < 60 ? time : time.slice(0, 5);
              }),
          },
          { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => duration(tick * 1000)) },
        ],
        cursor: { y: false, drag: { x: true, y: false }, points: { show: false } },
        series: [
          {},
          { label: "ok", paths: bars, fill: colour("--bar"), points: { show: false } },
          {
            label: "not ok",
            paths: bars,
            fill: bad,
            points: {
              show: true,
              // A cross above the bar: not the colour alone says that it failed.
              paths: (plot, series) => {
                const stroke = new Path2D();
                const size = 4 * devicePixelRatio;
                plot.data[series]?.forEach((value, index) => {
                  if (value == null) return;
                  const x = plot.valToPos(plot.data[0][index] ?? 0, "x", true);
                  const y = plot.valToPos(value, "y", true) - 8 * devicePixelRatio;
                  stroke.moveTo(x - size, y - size);
                  stroke.lineTo(x + size, y + size);
                  stroke.moveTo(x + size, y - size);
                  stroke.lineTo(x - size, y + size);
                });
                return { stroke, fill: new Path2D(), clip: null, flags: 3 };
              },
              stroke: bad,
              width: 2,
            },
          },
        ],
        hooks: {
          setCursor: [({ cursor }) => setCursor(cursor.idx ?? null)],
          ready: [
            ({ over }) =>
              over.addEventListener("click", () => {
                const { ended, onOpen, cursor } = latest.current;
                const run = cursor === null ? undefined : ended[cursor];
                if (run) onOpen(run);
              }),
          ],
        },
      },
      first.current,
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: 220 }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme, zone]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  const moveTo = (index: number) => {
    const made = plot.current;
    const to = Math.max(0, Math.min(ended.length - 1, index));
    const run = ended[to];
    if (!made || !run) return;
    made.setCursor({ left: made.valToPos(run.started, "x"), top: 10 });
    setCursor(to);
  };
  const run = cursor === null ? undefined : ended[cursor];
  const good = ended.filter(({ state }) => state === "succeeded").length;
  return (
    <>
      <div
        ref={place}
        className="chart-place"
        role="application"
        aria-label={`Durations of ${ended.length} runs, ${good} of them ok. Left and right move between runs, Enter opens one.`}
        aria-describedby="chart-told"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the chart is read by keyboard
        tabIndex={0}
        onKeyDown={(event) => {
          if (event.key === "ArrowLeft") moveTo((cursor ?? ended.length) - 1);
          else if (event.key === "ArrowRight") moveTo((cursor ?? -1) + 1);
          else if (event.key === "Enter" && run) onOpen(run);
          else return;
          event.preventDefault();
        }}
      />
      <p id="chart-told" className="chart-told" role="status">
        {run ? (
          <>
            <strong>{runLooks[run.state].word}</strong> <time>{stamp(run.started, zone)}</time>,
            took {duration(run.duration_ms)}, {count(run.stats.imported)} imported,{" "}
            {count(run.stats.skipped)} skipped{run.error && `, ${run.error.kind}`}
          </>
        ) : (
          <span className="faint">
            From {ended[0] ? clockTime(ended[0].started, zone) : "—"}. Drag to zoom, double-click to
            see all, click a bar to open its run.
          </span>
        )}
      </p>
    </>
  );
}
