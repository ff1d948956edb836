import type { Run } from "../../shared/api/types.ts";
import { usePrefs } from "../../shared/prefs.ts";
import { useNow } from "../../shared/time/clock.ts";
import { clockTime, count, duration } from "../../shared/time/format.ts";
import { Stamp } from "../../shared/ui/time.tsx";

export interface Step {
  name: string;
  tone: "queued" | "work" | "end" | "bad";
  /** Epoch seconds. */
  begin: number;
  end: number;
  requests?: number;
  records?: number;
}

/** What shorter pauses between parts are left out, in seconds. */
const LEAST = 0.005;

/** From the slot to the end: what was waited for, each page of the CRM, and what came last. */
export function steps(run: Run, nowSec: number): Step[] {
  const { slot, started, finished, phases = [], error } = run;
  const all: Step[] = [];
  const due = slot === null || run.attempt > 1 ? started : Math.min(slot, started);
  if (slot !== null && run.attempt === 1) {
    all.push({ name: "queued", tone: "queued", begin: due, end: started });
  }
  const last = phases.reduce(
    (end, each) => Math.max(end, each.started + each.duration_ms / 1000),
    0,
  );
  const first = phases.reduce((begin, each) => Math.min(begin, each.started), Infinity);
  if (phases.length > 0 && first - started > LEAST) {
    all.push({ name: "started", tone: "work", begin: started, end: first });
  }
  for (const { name, started: begin, duration_ms, requests, records } of phases) {
    all.push({ name, tone: "work", begin, end: begin + duration_ms / 1000, requests, records });
  }
  const end = finished ?? nowSec;
  const from = Math.max(last, started);
  if (finished === null) all.push({ name: "running", tone: "work", begin: from, end });
  else if (error) all.push({ name: "failed", tone: "bad", begin: from, end });
  else if (run.state !== "succeeded") all.push({ name: "stopped", tone: "bad", begin: from, end });
  else all.push({ name: "stored, finished", tone: "end", begin: from, end });
  return all.map((step) => ({ ...step, end: Math.max(step.begin, step.end) }));
}

const WIDTH = 1000;

/** The parts of a run, one under the other over the time that it took. */
export function Phases({ run }: { run: Run }) {
  const { zone } = usePrefs();
  const now = useNow() / 1000;
  const all = steps(run, now);
  const begin = Math.min(...all.map((step) => step.begin));
  const end = Math.max(...all.map((step) => step.end), begin + 0.001);
  const x = (at: number) => (WIDTH * (at - begin)) / (end - begin);
  return (
    <section className="card" aria-labelledby="phases">
      <div className="section-head">
        <h2 id="phases">Course</h2>
        <span className="faint">
          {run.slot !== null && (
            <>
              due <Stamp at={run.slot} />,{" "}
            </>
          )}
          started {clockTime(run.started, zone)}
          {run.finished !== null && `, ended ${clockTime(run.finished, zone)}`}
        </span>
      </div>
      <table className="data phases">
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col" className="phase-when">
              When
            </th>
            <th scope="col" className="number">
              After
            </th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col" className="number">
              Requests
            </th>
            <th scope="col" className="number">
              Records
            </th>
          </tr>
        </thead>
        <tbody>
          {all.map((step) => (
            <tr key={`${step.name} ${step.begin}`} data-phase={step.tone}>
              <th scope="row">{step.name}</th>
              <td className="phase-when">
                <svg
                  viewBox={`0 0 ${WIDTH} 14`}
                  preserveAspectRatio="none"
                  aria-hidden="true"
                  focusable="false"
                >
                  <rect
                    x={Math.min(x(step.begin), WIDTH - 4)}
                    y="2"
                    width={Math.max(x(step.end) - x(step.begin), 4)}
                    height="10"
                    rx="2"
                  />
                </svg>
              </td>
              <td data-label="After" className="number faint">
                {duration((step.begin - begin) * 1000)}
              </td>
              <td data-label="Took" className="number">
                {duration((step.end - step.begin) * 1000)}
              </td>
              <td data-label="Requests" className="number">
                {step.requests === undefined ? "" : count(step.requests)}
              </td>
              <td data-label="Records" className="number">
                {step.records === undefined ? "" : count(step.records)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
