import { lazy, Suspense, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Run, Schedule } from "../../shared/api/types.ts";
import { usePrefs } from "../../shared/prefs.ts";
import { useSlowNow } from "../../shared/time/clock.ts";
import { clockTime, count, duration, plural, span } from "../../shared/time/format.ts";
import { Badge, runLooks } from "../../shared/ui/badge.tsx";
import { Failed } from "../../shared/ui/faces.tsx";
import { Ago, Countdown, Stamp } from "../../shared/ui/time.tsx";
import { tenantPath } from "../../shared/url.ts";
import { useLatestRuns, useUpcoming, useWeek } from "./api.ts";
import { beginOfWeek, figures, heat, quantile, type Week } from "./figures.ts";
import { Heatmap } from "./heatmap.tsx";
import { RunTable } from "./runs-tab.tsx";

const Chart = lazy(() => import("./chart.tsx").catch(() => ({ default: NoChart })));

/** Without network, what was not loaded before can not be drawn. */
function NoChart() {
  return (
    <p className="faint chart-place">The chart could not be loaded. The table has the same runs.</p>
  );
}

export default function OverviewTab({ schedule }: { schedule: Schedule }) {
  const { tenant } = schedule;
  const { zone } = usePrefs();
  const away = zone === "utc" ? 0 : -new Date().getTimezoneOffset() * 60;
  const begin = beginOfWeek(useSlowNow() / 1000, away);
  const latest = useLatestRuns(tenant);
  const counted = useWeek(tenant, begin);
  const week = counted.data ?? { buckets: [], since: begin };
  const lost = [latest, counted].find(({ isError, data }) => isError && !data);
  return (
    <div className="overview">
      <LastRun schedule={schedule} />
      <Upcoming schedule={schedule} />
      <Health schedule={schedule} week={week} runs={latest.data ?? []} />
      {lost ? (
        <div className="span-all">
          <Failed error={lost.error} onRetry={() => void lost.refetch()} />
        </div>
      ) : (
        <>
          <History tenant={tenant} runs={latest.data ?? []} isPending={latest.isPending} />
          <Hours week={week} begin={begin} />
        </>
      )}
    </div>
  );
}

function LastRun({ schedule }: { schedule: Schedule }) {
  const { last_status: last, last_run: started, tenant } = schedule;
  return (
    <section className="card" aria-labelledby="last-run">
      <h2 id="last-run">Last run</h2>
      {last === null ? (
        <p className="faint">It has not run yet.</p>
      ) : (
        <>
          <p className="card-line">
            <Badge look={runLooks[last.state]} />
            <Ago at={started} />
          </p>
          <dl className="facts">
            <div>
              <dt>Started</dt>
              <dd>
                <Stamp at={started} />
              </dd>
            </div>
            <div>
              <dt>Took</dt>
              <dd>{duration(last.duration_ms)}</dd>
            </div>
            <div>
              <dt>Imported</dt>
              <dd className="number">{count(last.result.stats.imported)}</dd>
            </div>
            <div>
              <dt>Skipped</dt>
              <dd className="number">{count(last.result.stats.skipped)}</dd>
            </div>
            <div>
              <dt>Unreadable</dt>
              <dd className="number">{count(last.result.stats.failed)}</dd>
            </div>
            <div>
              <dt>Requests</dt>
              <dd className="number">{count(last.result.stats.requests)}</dd>
            </div>
          </dl>
          <p className="message">{last.message}</p>
          <Link href={tenantPath(tenant, `/runs/${last.run_id}`)}>Open the run</Link>
        </>
      )}
    </section>
  );
}

function Upcoming({ schedule }: { schedule: Schedule }) {
  const upcoming = useUpcoming(schedule.tenant, 5, true);
  return (
    <section className="card" aria-labelledby="upcoming">
      <h2 id="upcoming">Next runs</h2>
      {schedule.paused && (
        <p className="faint">Paused: none of these runs unless it is resumed first.</p>
      )}
      {schedule.breaker && !schedule.paused && (
        <p className="faint">
          The breaker is open: the next try is due in <Countdown due={schedule.breaker.probe_at} />.
        </p>
      )}
      {upcoming.isError && (
        <Failed error={upcoming.error} onRetry={() => void upcoming.refetch()} />
      )}
      {upcoming.isPending && <p className="faint">Reading…</p>}
      {upcoming.data?.occurrences.length === 0 && <p className="faint">No slot lies ahead.</p>}
      <ol className="upcoming" data-paused={schedule.paused || undefined}>
        {upcoming.data?.occurrences.map(({ slot, starts }) => (
          <li key={slot}>
            <Stamp at={starts} />
            {!schedule.paused && <Countdown due={starts} />}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Health({
  schedule,
  week,
  runs,
}: {
  schedule: Schedule;
  week: Week;
  runs: readonly Run[];
}) {
  const now = useSlowNow() / 1000;
  const day = figures(week, now - 86_400);
  const all = figures(week, now - 7 * 86_400);
  const isDay = week.since <= now - 86_400;
  // Beyond a number of runs only failures are counted: no share of what is not known.
  const isWhole = (week.buckets[0]?.at ?? week.since) >= week.since;
  const lateness = runs
    .filter(({ trigger }) => trigger === "schedule")
    .flatMap(({ lateness_ms }) => lateness_ms ?? []);
  const rate = (value: number | null) => (value === null ? "—" : `${value} %`);
  return (
    <section className="card" aria-labelledby="figures">
      <h2 id="figures">How it goes</h2>
      <div className="figures">
        <div>
          <span className="figure">{rate(day.rate)}</span>
          <span className="faint">
            of {plural(day.ended, "run")} ok,{" "}
            {isDay ? "24 h" : `the latest ${span(now - week.since)}`}
          </span>
        </div>
        <div>
          <span className="figure">{isWhole ? rate(all.rate) : count(all.bad)}</span>
          <span className="faint">
            {isWhole ? `of ${plural(all.ended, "run")} ok, 7 d` : "runs not ok, 7 d"}
          </span>
        </div>
        <div>
          <span className="figure">{count(schedule.failures)}</span>
          <span className="faint">failed slots in a row</span>
        </div>
        <div>
          <span className="figure">{duration(quantile(lateness, 0.95))}</span>
          <span className="faint">late at p95, {duration(quantile(lateness, 0.5))} at p50</span>
        </div>
      </div>
    </section>
  );
}

function History({
  tenant,
  runs,
  isPending,
}: {
  tenant: string;
  runs: readonly Run[];
  isPending: boolean;
}) {
  const [asTable, setAsTable] = useState(false);
  const [, navigate] = useLocation();
  const { zone } = usePrefs();
  const latest = runs.slice(0, 120);
  return (
    <section className="card span-all" aria-labelledby="history">
      <div className="section-head">
        <h2 id="history">
          Runs <span className="faint">the latest {latest.length}</span>
        </h2>
        <button
          type="button"
          className="button small"
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          As a table
        </button>
      </div>
      {latest.length === 0 ? (
        <p className="faint chart-place">{isPending ? "Reading the runs…" : "No runs are kept."}</p>
      ) : asTable ? (
        <div className="scroll-box">
          <RunTable tenant={tenant} runs={latest} />
        </div>
      ) : (
        <Suspense fallback={<p className="faint chart-place">Drawing…</p>}>
          <Chart
            runs={latest}
            zone={zone}
            onOpen={(run) => navigate(tenantPath(tenant, `/runs/${run.run_id}`))}
          />
        </Suspense>
      )}
    </section>
  );
}

function Hours({ week, begin }: { week: Week; begin: number }) {
  const { zone } = usePrefs();
  const now = useSlowNow() / 1000;
  return (
    <section className="card span-all" aria-labelledby="heat">
      <h2 id="heat">
        Hour by hour <span className="faint">seven days, {clockTime(now, zone).split(" ")[1]}</span>
      </h2>
      <Heatmap days={heat(week, begin)} zone={zone} nowSec={now} />
    </section>
  );
}
