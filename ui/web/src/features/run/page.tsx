import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import type { Run } from "../../shared/api/types.ts";
import { useLocked } from "../../shared/locked.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { count, duration } from "../../shared/time/format.ts";
import { Badge, runLooks } from "../../shared/ui/badge.tsx";
import { Failed, Loading } from "../../shared/ui/faces.tsx";
import { Icon } from "../../shared/ui/icons.tsx";
import { Stamp } from "../../shared/ui/time.tsx";
import { useTitle } from "../../shared/ui/title.ts";
import { tenantPath } from "../../shared/url.ts";
import { Log } from "./log.tsx";
import { Phases } from "./phases.tsx";

export default function RunPage({ tenant, run: id }: { tenant: string; run: string }) {
  useTitle(`Run ${id.slice(-8)} of ${tenant}`);
  const source = useSource();
  const read = useQuery<Run>({
    queryKey: ["runs", source, "one", id],
    refetchInterval: (query) => (query.state.data?.state === "running" ? 2000 : false),
    queryFn: async ({ signal }) =>
      ok(
        await http.GET("/api/crm/import/{source}/runs/{run_id}", {
          params: { path: { source, run_id: id } },
          signal,
        }),
      ).run,
  });
  return (
    <>
      <p className="crumbs">
        <Link href={tenantPath(tenant, "?tab=runs")}>
          <Icon name="left" />
          Runs of {tenant}
        </Link>
      </p>
      {!read.data && (
        <div className="page-head">
          <h1 tabIndex={-1}>
            Run <span className="mono">{id.slice(-8)}</span>
          </h1>
        </div>
      )}
      {read.isPending && <Loading label="the run" rows={5} />}
      {read.isError && !read.data && (
        <Failed error={read.error} onRetry={() => void read.refetch()} />
      )}
      {read.data && <Shown run={read.data} />}
    </>
  );
}

const starters: Record<Run["trigger"], string> = {
  schedule: "the schedule",
  manual: "hand",
  retry: "a retry",
};

function Shown({ run }: { run: Run }) {
  const { tenant, stats } = run;
  const actions = useActions();
  const locked = useLocked();
  const facts: [string, string][] = [
    ["Imported", count(stats.imported)],
    ["Skipped", count(stats.skipped)],
    ["Created", count(stats.created)],
    ["Updated", count(stats.updated)],
    ["Gone upstream", count(stats.gone)],
    ["Unreadable", count(stats.failed)],
    ["Requests", count(stats.requests)],
    ["Took", duration(run.duration_ms)],
    ["Late", duration(run.lateness_ms)],
  ];
  return (
    <>
      <div className="page-head">
        <div className="tenant-title">
          <h1 tabIndex={-1}>
            Run <span className="mono">{run.run_id.slice(-8)}</span>
          </h1>
          <Badge look={runLooks[run.state]} />
        </div>
        <div className="page-actions">
          <Neighbours run={run} />
          {run.state === "running" ? (
            <button
              type="button"
              className="button"
              disabled={locked !== null}
              title={locked ?? undefined}
              onClick={() => void actions.cancel(tenant, run.run_id)}
            >
              <Icon name="cross" />
              Cancel
            </button>
          ) : (
            <button
              type="button"
              className="button primary"
              disabled={locked !== null}
              title={locked ?? undefined}
              onClick={() => void actions.runNow(tenant)}
            >
              <Icon name="run" />
              Run again
            </button>
          )}
        </div>
      </div>
      <div className="stack">
        <section className="card" aria-labelledby="course">
          <h2 id="course">Outcome</h2>
          {run.error ? (
            <p className="note" data-tone="error">
              <strong>{run.error.kind.replace("_", " ")}.</strong> {run.error.message}.{" "}
              {run.error.retryable ? "The slot is tried again." : "The slot is not tried again."}
            </p>
          ) : (
            run.message && <p className="message">{run.message}</p>
          )}
          <dl className="facts many">
            {facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd className="number">{value}</dd>
              </div>
            ))}
          </dl>
          <p className="faint small-text">
            Started by {starters[run.trigger]} on {run.worker}, id <code>{run.run_id}</code>
          </p>
        </section>
        <Phases run={run} />
        {run.slot !== null && <Attempts run={run} />}
        <Log run={run} />
      </div>
    </>
  );
}

/** The runs right before and after this one. */
function Neighbours({ run }: { run: Run }) {
  const source = useSource();
  const near = useQuery({
    queryKey: ["runs", source, "near", run.run_id],
    queryFn: async ({ signal }) => {
      const ask = async (query: { since?: string; until?: string; limit: number }) =>
        ok(
          await http.GET("/api/crm/import/{source}/runs", {
            params: { path: { source }, query: { tenant: run.tenant, ...query } },
            signal,
          }),
        ).runs;
      const { started, run_id } = run;
      const older = await ask({ until: String(started), limit: 1 });
      // The list begins with the newest: the next run is looked for in windows that widen.
      for (const window of [600, 21_600, 604_800, undefined]) {
        const until = window === undefined ? {} : { until: String(started + window) };
        const newer = await ask({ since: String(started), ...until, limit: 1000 });
        const at = newer.findIndex((other) => other.run_id === run_id);
        if (at > 0) return { older: older[0]?.run_id, newer: newer[at - 1]?.run_id };
      }
      return { older: older[0]?.run_id, newer: undefined };
    },
  });
  const to = (id: string | undefined, label: string, icon: "left" | "right") =>
    id === undefined ? null : (
      <Link className="button" href={tenantPath(run.tenant, `/runs/${id}`)}>
        {icon === "left" && <Icon name="left" />}
        {label}
        {icon === "right" && <Icon name="right" />}
      </Link>
    );
  return (
    <>
      {to(near.data?.older, "Older", "left")}
      {to(near.data?.newer, "Newer", "right")}
    </>
  );
}

/** All attempts at the same slot, where there were several. */
function Attempts({ run }: { run: Run }) {
  const source = useSource();
  const { slot, tenant } = run;
  const attempts = useQuery({
    queryKey: ["runs", source, "attempts", tenant, slot],
    queryFn: async ({ signal }) => {
      const { runs } = ok(
        await http.GET("/api/crm/import/{source}/runs", {
          params: {
            path: { source },
            query: {
              tenant,
              since: String(slot),
              until: String((slot ?? 0) + 6 * 3600),
              limit: 500,
            },
          },
          signal,
        }),
      );
      return runs.filter((other) => other.slot === slot).toReversed();
    },
  });
  if ((attempts.data?.length ?? 0) < 2) return null;
  return (
    <section className="card" aria-labelledby="attempts">
      <h2 id="attempts">Attempts at this slot</h2>
      <ol className="course">
        {attempts.data?.map((other) => (
          <li key={other.run_id}>
            <span>#{other.attempt}</span>
            <Badge look={runLooks[other.state]} />
            {other.run_id === run.run_id ? (
              <span className="faint">this run</span>
            ) : (
              <Link href={tenantPath(tenant, `/runs/${other.run_id}`)}>
                <Stamp at={other.started} />
              </Link>
            )}
            <span className="faint">{other.error?.message}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
