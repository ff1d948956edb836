import { useMemo } from "react";
import { Link } from "wouter";
import { usePrefs } from "../../shared/prefs.ts";
import { useSlowNow } from "../../shared/time/clock.ts";
import { clockTime, count, plural } from "../../shared/time/format.ts";
import { Badge, runLooks } from "../../shared/ui/badge.tsx";
import { Empty, Failed, Loading, More, StaleNote } from "../../shared/ui/faces.tsx";
import { Countdown, Stamp } from "../../shared/ui/time.tsx";
import { useTitle } from "../../shared/ui/title.ts";
import { tenantPath, useParamsState } from "../../shared/url.ts";
import { useAhead, useRan, useTimeline } from "./api.ts";
import { type Bucket, bucketsOf } from "./density.ts";
import { Strip } from "./strip.tsx";

const spans = [
  { id: "1h", label: "60 min", seconds: 3600 },
  { id: "6h", label: "6 h", seconds: 6 * 3600 },
  { id: "24h", label: "24 h", seconds: 24 * 3600 },
] as const;

const BARS = 60;

export default function TimelinePage() {
  useTitle("Timeline");
  const [params, change] = useParamsState();
  const span = spans.find(({ id }) => id === params.get("span")) ?? spans[0];
  const { zone } = usePrefs();
  const step = span.seconds / BARS;
  // The strip moves by whole steps, so that a chosen minute stays where it was.
  const now = Math.floor(useSlowNow() / 1000 / step) * step;
  const counted = useTimeline(now - span.seconds, now + span.seconds, step);
  const buckets = useMemo(() => bucketsOf(counted.data?.buckets ?? []), [counted.data]);
  const ahead = buckets.reduce((sum, { begin, due }) => sum + (begin >= now ? due : 0), 0);
  const chosen = Number(params.get("at")) || null;
  const bucket = buckets.find(({ begin }) => begin === chosen);
  const peak = buckets.reduce<Bucket | undefined>(
    (most, each) => (each.begin >= now && each.due > (most?.due ?? 0) ? each : most),
    undefined,
  );
  const ranSince = counted.data?.ran_since ?? 0;
  const choose = (begin: number) => change({ at: begin === chosen ? null : begin });

  return (
    <>
      <div className="page-head">
        <h1 tabIndex={-1}>Timeline</h1>
        <div className="segments" role="group" aria-label="How far">
          {spans.map(({ id, label }) => (
            <label key={id}>
              <input
                type="radio"
                name="span"
                checked={span.id === id}
                onChange={() => change({ span: id === "1h" ? null : id, at: null })}
              />
              {label}
            </label>
          ))}
        </div>
      </div>
      {counted.isError && counted.data && (
        <StaleNote error={counted.error} onRetry={() => void counted.refetch()} />
      )}
      <section className="card" aria-labelledby="strip">
        <div className="section-head">
          <h2 id="strip">What ran, what is due</h2>
          <span className="faint">
            {peak && (
              <button type="button" className="link" onClick={() => choose(peak.begin)}>
                Busiest: {plural(peak.due, "run")} at {clockTime(peak.begin, zone)}
              </button>
            )}
            {ranSince > now - span.seconds + step &&
              ` What ran is counted from ${clockTime(ranSince, zone)} on.`}
          </span>
        </div>
        {counted.isPending ? (
          <div className="strip-frame" role="status" aria-label="Loading the timeline" />
        ) : counted.isError && !counted.data ? (
          <Failed error={counted.error} onRetry={() => void counted.refetch()} />
        ) : (
          <Strip
            buckets={buckets}
            now={now}
            step={step}
            zone={zone}
            chosen={chosen}
            onChoose={choose}
          />
        )}
      </section>
      <div className="section-head">
        <h2>
          {chosen === null
            ? "Due next"
            : `${chosen < now ? "Ran" : "Due"} ${clockTime(chosen, zone).replace(/ .*/, "")} to ${clockTime(chosen + step, zone)}`}
          {bucket && (
            <>
              {" "}
              <span className="faint">
                {plural(bucket.begin < now ? bucket.ran : bucket.due, "run")}
                {bucket.bad > 0 && `, ${count(bucket.bad)} not ok`}
              </span>
            </>
          )}
        </h2>
        {chosen !== null && (
          <button type="button" className="link" onClick={() => change({ at: null })}>
            Show what is due next
          </button>
        )}
      </div>
      {chosen !== null && chosen < now ? (
        <Ran from={chosen} until={chosen + step} />
      ) : (
        <Ahead
          from={chosen ?? now}
          until={chosen === null ? now + span.seconds : chosen + step}
          due={chosen === null ? ahead : bucket?.due}
        />
      )}
    </>
  );
}

function Ran({ from, until }: { from: number; until: number }) {
  const ran = useRan(from, until, true);
  const runs = ran.data?.pages.flatMap((page) => page.runs) ?? [];
  if (ran.isPending) return <Loading label="the runs" />;
  if (ran.isError && runs.length === 0) {
    return <Failed error={ran.error} onRetry={() => void ran.refetch()} />;
  }
  if (runs.length === 0) return <Empty title="Nothing ran then" />;
  return (
    <>
      <ol className="due-list">
        {runs.map((run) => (
          <li key={run.run_id}>
            <Link href={tenantPath(run.tenant, `/runs/${run.run_id}`)}>{run.tenant}</Link>
            <Badge look={runLooks[run.state]} />
            <Stamp at={run.started} />
          </li>
        ))}
      </ol>
      <More
        has={ran.hasNextPage}
        busy={ran.isFetchingNextPage}
        onMore={() => void ran.fetchNextPage()}
        shown={runs.length}
        noun="run"
      />
    </>
  );
}

/** Who is due between two instants, by name. `due` is how many there are by the server's count. */
function Ahead({ from, until, due }: { from: number; until: number; due: number | undefined }) {
  const ahead = useAhead(from, until);
  const starts = (ahead.data ?? []).filter(({ at }) => at >= from && at < until);
  if (ahead.isPending) return <Loading label="the runs to come" />;
  if (ahead.isError && !ahead.data) {
    return <Failed error={ahead.error} onRetry={() => void ahead.refetch()} />;
  }
  if (starts.length === 0) {
    return (
      <Empty title="Nothing is due">
        <p>No tenant runs by itself in this time: all are paused, or there are none.</p>
      </Empty>
    );
  }
  return (
    <>
      <ol className="due-list">
        {starts.map(({ tenant, at }) => (
          <li key={`${tenant} ${at}`}>
            <Link href={tenantPath(tenant)}>{tenant}</Link>
            <Countdown due={at} />
            <Stamp at={at} />
          </li>
        ))}
      </ol>
      {due !== undefined && due > starts.length && (
        <p className="faint more">
          The first {count(starts.length)} of {plural(due, "run")}.
        </p>
      )}
    </>
  );
}
