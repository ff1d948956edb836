import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link } from "wouter";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import type { Schedule } from "../../shared/api/types.ts";
import { tell } from "../../shared/live/store.ts";
import { usePrefs } from "../../shared/prefs.ts";
import { useSlowNow } from "../../shared/time/clock.ts";
import { clockTime, plural } from "../../shared/time/format.ts";
import { Badge, runLooks } from "../../shared/ui/badge.tsx";
import { Empty, Failed, Loading, StaleNote } from "../../shared/ui/faces.tsx";
import { Countdown, Stamp } from "../../shared/ui/time.tsx";
import { useTitle } from "../../shared/ui/title.ts";
import { tenantPath, useParamsState } from "../../shared/url.ts";
import { buckets, ran, upcoming } from "./density.ts";
import { Strip } from "./strip.tsx";

const spans = [
  { id: "1h", label: "60 min", seconds: 3600 },
  { id: "6h", label: "6 h", seconds: 6 * 3600 },
  { id: "24h", label: "24 h", seconds: 24 * 3600 },
] as const;

const BARS = 60;
const LISTED = 100;

export default function TimelinePage() {
  useTitle("Timeline");
  const [params, change] = useParamsState();
  const span = spans.find(({ id }) => id === params.get("span")) ?? spans[0];
  const source = useSource();
  const { zone } = usePrefs();
  const step = span.seconds / BARS;
  // The strip moves by whole steps, so that a chosen minute stays where it was.
  const now = Math.floor(useSlowNow() / 1000 / step) * step;
  const ahead = useQuery({
    queryKey: ["schedules-ahead", source],
    refetchInterval: 15_000,
    queryFn: async ({ signal }) => {
      const { schedules, next_cursor, version } = ok(
        await http.GET("/api/crm/import/{source}/schedules", {
          params: { path: { source }, query: { sort: "next_run", limit: 1000 } },
          signal,
        }),
      );
      tell({ event: "read", schedules, version });
      return { schedules, isWhole: next_cursor === null };
    },
  });
  const past = useQuery({
    queryKey: ["runs", source, "past", span.id],
    refetchInterval: 15_000,
    queryFn: async ({ signal }) => {
      const { runs, next_cursor } = ok(
        await http.GET("/api/crm/import/{source}/runs", {
          params: {
            path: { source },
            query: { since: String(Math.floor(Date.now() / 1000 - span.seconds)), limit: 1000 },
          },
          signal,
        }),
      );
      return { runs, isWhole: next_cursor === null };
    },
  });
  const schedules: readonly Schedule[] = ahead.data?.schedules ?? [];
  const dues = useMemo(() => upcoming(schedules, now + span.seconds), [schedules, now, span]);
  const next = useMemo(() => buckets(dues, now, step, BARS), [dues, now, step]);
  const before = useMemo(
    () => buckets(ran(past.data?.runs ?? []), now - span.seconds + step, step, BARS),
    [past.data, now, span, step],
  );
  const chosen = Number(params.get("at")) || null;
  const inChosen = (at: number) => chosen === null || (at >= chosen && at < chosen + step);
  const isPast = chosen !== null && chosen < now;
  const list = dues.filter(({ at }) => inChosen(at));
  const runs = (past.data?.runs ?? []).filter(({ started }) => inChosen(started));
  const peak = next.reduce(
    (most, bucket) => (bucket.count > most.count ? bucket : most),
    next[0] ?? { begin: now, count: 0, bad: 0 },
  );
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
      {ahead.isError && ahead.data && (
        <StaleNote error={ahead.error} onRetry={() => void ahead.refetch()} />
      )}
      <section className="card" aria-labelledby="strip">
        <div className="section-head">
          <h2 id="strip">What ran, what is due</h2>
          <span className="faint">
            {peak.count > 0 &&
              `Busiest: ${plural(peak.count, "run")} at ${clockTime(peak.begin, zone)}. `}
            {past.data?.isWhole === false && "Of the past, the latest thousand runs. "}
            {ahead.data?.isWhole === false && "The thousand tenants due first."}
          </span>
        </div>
        <Strip
          before={before}
          next={next}
          now={now}
          step={step}
          zone={zone}
          chosen={chosen}
          onChoose={choose}
        />
      </section>
      <div className="section-head">
        <h2>
          {chosen === null ? "Due next" : `${isPast ? "Ran" : "Due"} at ${clockTime(chosen, zone)}`}
        </h2>
        {chosen !== null && (
          <button type="button" className="link" onClick={() => change({ at: null })}>
            Show all
          </button>
        )}
      </div>
      {isPast ? (
        past.isError ? (
          <Failed error={past.error} onRetry={() => void past.refetch()} />
        ) : runs.length === 0 ? (
          <Empty title="Nothing ran then" />
        ) : (
          <ol className="due-list">
            {runs.slice(0, LISTED).map((run) => (
              <li key={run.run_id}>
                <Link href={tenantPath(run.tenant, `/runs/${run.run_id}`)}>{run.tenant}</Link>
                <Badge look={runLooks[run.state]} />
                <Stamp at={run.started} />
              </li>
            ))}
          </ol>
        )
      ) : ahead.isPending ? (
        <Loading label="the runs to come" />
      ) : ahead.isError && !ahead.data ? (
        <Failed error={ahead.error} onRetry={() => void ahead.refetch()} />
      ) : list.length === 0 ? (
        <Empty title="Nothing is due">
          <p>No tenant runs by itself in this time: all are paused, or there are none.</p>
        </Empty>
      ) : (
        <>
          <ol className="due-list">
            {list.slice(0, LISTED).map(({ tenant, at }) => (
              <li key={`${tenant} ${at}`}>
                <Link href={tenantPath(tenant)}>{tenant}</Link>
                <Countdown due={at} />
                <Stamp at={at} />
              </li>
            ))}
          </ol>
          {list.length > LISTED && (
            <p className="faint">and {plural(list.length - LISTED, "more run", "more runs")}</p>
          )}
        </>
      )}
    </>
  );
}
