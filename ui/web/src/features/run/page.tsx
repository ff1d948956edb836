import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import type { Run } from "../../shared/api/types.ts";
import { useLocked } from "../../shared/locked.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { count, duration } from "../../shared/time/format.ts";
import { Badge, runLooks } from "../../shared/ui/badge.tsx";
import { copy } from "../../shared/ui/copy.ts";
import { Failed, Loading } from "../../shared/ui/faces.tsx";
import { Icon } from "../../shared/ui/icons.tsx";
import { Elapsed, Stamp } from "../../shared/ui/time.tsx";
import { useTitle } from "../../shared/ui/title.ts";
import { tenantPath, useParamsState } from "../../shared/url.ts";

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
      {read.isPending && <Loading label="the run" rows={5} />}
      {read.isError && !read.data && (
        <Failed error={read.error} onRetry={() => void read.refetch()} />
      )}
      {read.data && <Shown run={read.data} />}
    </>
  );
}

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
    ["Attempt", String(run.attempt)],
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
          <h2 id="course">Course</h2>
          <Course run={run} />
          {run.message && <p className="message">{run.message}</p>}
          {run.error && (
            <p className="note" data-tone="error">
              <strong>{run.error.kind}.</strong> {run.error.message}{" "}
              {run.error.retryable ? "The slot is tried again." : "The slot is not tried again."}
            </p>
          )}
          <dl className="facts">
            {facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd className="number">{value}</dd>
              </div>
            ))}
          </dl>
          <p className="faint">
            Started by {run.trigger === "manual" ? "hand" : `the ${run.trigger}`} on {run.worker},
            id <code>{run.run_id}</code>
          </p>
        </section>
        {run.slot !== null && <Attempts run={run} />}
        <Log run={run} />
      </div>
    </>
  );
}

/** From the slot over the start to the end, with what lies between. */
function Course({ run }: { run: Run }) {
  return (
    <ol className="course">
      {run.slot !== null && (
        <li>
          <span>Due</span>
          <Stamp at={run.slot} />
        </li>
      )}
      <li>
        <span>Started</span>
        <Stamp at={run.started} />
        {run.lateness_ms !== null && (
          <span className="faint">{duration(run.lateness_ms)} late</span>
        )}
      </li>
      <li>
        <span>{run.finished === null ? "Running" : "Ended"}</span>
        {run.finished === null ? <Elapsed since={run.started} /> : <Stamp at={run.finished} />}
        {run.finished !== null && <span className="faint">took {duration(run.duration_ms)}</span>}
      </li>
    </ol>
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
      const older = await ask({ until: String(run.started), limit: 1 });
      const newer = await ask({ since: String(run.started), limit: 200 });
      const at = newer.findIndex(({ run_id }) => run_id === run.run_id);
      return { older: older[0]?.run_id, newer: at > 0 ? newer[at - 1]?.run_id : undefined };
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
            <span className="faint">{other.error?.kind}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const levels = ["all", "warnings", "errors"] as const;

/** How grave a line is, by the words in it. */
export function level(line: string): 0 | 1 | 2 {
  if (/\b(error|failed|refused|fatal|panic)/i.test(line)) return 2;
  return /\b(warn|retry|retrying|rate|429|slow|late)/i.test(line) ? 1 : 0;
}

function Log({ run }: { run: Run }) {
  const [params, change] = useParamsState();
  const chosen = levels.find((known) => known === params.get("level")) ?? "all";
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLOListElement>(null);
  const log = run.log ?? [];
  const lines = log.filter((line) => level(line) >= levels.indexOf(chosen));
  const many = lines.length;
  useEffect(() => {
    if (follow && many > 0 && run.state === "running") {
      box.current?.scrollTo({ top: box.current.scrollHeight });
    }
  }, [follow, many, run.state]);
  const text = log.join("\n");
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = `${run.tenant}-${run.run_id}.log`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <section className="card" aria-labelledby="log">
      <div className="section-head">
        <h2 id="log">Log</h2>
        <div className="export">
          <label className="inline-field">
            <span>Show</span>
            <select value={chosen} onChange={({ target }) => change({ level: target.value })}>
              {levels.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          {run.state === "running" && (
            <label className="check">
              <input
                type="checkbox"
                checked={follow}
                onChange={({ target }) => setFollow(target.checked)}
              />
              Follow
            </label>
          )}
          <button type="button" className="button small" onClick={() => void copy(text)}>
            <Icon name="copy" />
            Copy
          </button>
          <button type="button" className="button small" onClick={save}>
            <Icon name="download" />
            Download
          </button>
        </div>
      </div>
      {lines.length === 0 ? (
        <p className="faint">{log.length === 0 ? "It noted nothing." : "No line is that grave."}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: text that scrolls has to be reached by keyboard
        <ol ref={box} className="log" tabIndex={0} aria-label="Log lines">
          {lines.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
            <li key={index} data-level={level(line)}>
              {line}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
