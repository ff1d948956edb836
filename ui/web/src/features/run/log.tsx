import { useEffect, useRef, useState } from "react";
import type { Run } from "../../shared/api/types.ts";
import { usePrefs } from "../../shared/prefs.ts";
import { stamp } from "../../shared/time/format.ts";
import { copy } from "../../shared/ui/copy.ts";
import { Icon } from "../../shared/ui/icons.tsx";
import { saveFile } from "../../shared/ui/save.ts";
import { useParamsState } from "../../shared/url.ts";

const levels = ["info", "warn", "error"] as const;
type Level = (typeof levels)[number];

export interface Line {
  at: number;
  level: Level;
  message: string;
}

/** What the run noted on the way, and in the end what it failed of. */
export function linesOf({ log, error, finished, started }: Run): Line[] {
  const lines: Line[] = (log ?? []).map(({ at, level, message }) => ({ at, level, message }));
  if (error) {
    const message = `${error.kind}: ${error.message}`;
    lines.push({ at: finished ?? lines.at(-1)?.at ?? started, level: "error", message });
  }
  return lines;
}

/** The lines as text, with the time in UTC. */
export function logText(lines: readonly Line[]): string {
  return lines
    .map(
      ({ at, level, message }) =>
        `${new Date(at * 1000).toISOString()} ${level.toUpperCase().padEnd(5)} ${message}\n`,
    )
    .join("");
}

export function Log({ run }: { run: Run }) {
  const [params, change] = useParamsState();
  const { zone } = usePrefs();
  const chosen = levels.find((known) => known === params.get("level")) ?? "info";
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLOListElement>(null);
  const all = linesOf(run);
  const least = levels.indexOf(chosen);
  const lines = all.filter(({ level }) => levels.indexOf(level) >= least);
  const many = lines.length;
  const isRunning = run.state === "running";
  useEffect(() => {
    if (follow && many > 0 && isRunning) {
      box.current?.scrollTo({ top: box.current.scrollHeight });
    }
  }, [follow, many, isRunning]);
  const clock = (at: number) => {
    const thousandths = String(Math.floor((at % 1) * 1000)).padStart(3, "0");
    return `${stamp(at, zone).split(" ")[1]}.${thousandths}`;
  };
  return (
    <section className="card" aria-labelledby="log">
      <div className="section-head">
        <h2 id="log">
          Log <span className="faint">times in {stamp(run.started, zone).split(" ")[2]}</span>
        </h2>
        <div className="export">
          <label className="inline-field">
            <span>Show</span>
            <select
              value={chosen}
              onChange={({ target }) =>
                change({ level: target.value === "info" ? null : target.value })
              }
            >
              <option value="info">all</option>
              <option value="warn">warnings and errors</option>
              <option value="error">errors</option>
            </select>
          </label>
          {isRunning && (
            <label className="check">
              <input
                type="checkbox"
                checked={follow}
                onChange={({ target }) => setFollow(target.checked)}
              />
              Follow
            </label>
          )}
          <button type="button" className="button small" onClick={() => void copy(logText(all))}>
            <Icon name="copy" />
            Copy
          </button>
          <button
            type="button"
            className="button small"
            onClick={() => saveFile(`${run.tenant}-${run.run_id}.log`, logText(all), "text/plain")}
          >
            <Icon name="download" />
            Download
          </button>
        </div>
      </div>
      {many === 0 ? (
        <p className="faint">{all.length === 0 ? "It noted nothing." : "No line is that grave."}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: text that scrolls has to be reached by keyboard
        <ol ref={box} className="log" tabIndex={0} aria-label="Log lines">
          {lines.map(({ at, level, message }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
            <li key={index} data-level={level}>
              <time dateTime={new Date(at * 1000).toISOString()}>{clock(at)}</time>
              <span className="log-level">{level}</span>
              <span>{message}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
