import { Link } from "wouter";
import type { Run, RunState } from "../../shared/api/types.ts";
import { count, duration } from "../../shared/time/format.ts";
import { Badge, runLooks } from "../../shared/ui/badge.tsx";
import { Empty, Failed, Loading, More, StaleNote } from "../../shared/ui/faces.tsx";
import { Stamp } from "../../shared/ui/time.tsx";
import { tenantPath, useParamsState } from "../../shared/url.ts";
import { type RunFilter, useRuns } from "./api.ts";

const states = Object.keys(runLooks) as RunState[];
const triggers = ["schedule", "manual", "retry"] as const;

export function RunsTab({ tenant }: { tenant: string }) {
  const [params, change] = useParamsState();
  const state = states.find((known) => known === params.get("state"));
  const trigger = triggers.find((known) => known === params.get("trigger"));
  const filter: RunFilter = { ...(state ? { state } : {}), ...(trigger ? { trigger } : {}) };
  const runs = useRuns(tenant, filter);
  const all = runs.data?.pages.flatMap((page) => page.runs) ?? [];
  return (
    <>
      <div className="toolbar">
        <label className="inline-field">
          <span>Outcome</span>
          <select value={state ?? ""} onChange={({ target }) => change({ state: target.value })}>
            <option value="">any</option>
            {states.map((known) => (
              <option key={known} value={known}>
                {runLooks[known].word}
              </option>
            ))}
          </select>
        </label>
        <label className="inline-field">
          <span>Started by</span>
          <select
            value={trigger ?? ""}
            onChange={({ target }) => change({ trigger: target.value })}
          >
            <option value="">any</option>
            <option value="schedule">schedule</option>
            <option value="manual">hand</option>
            <option value="retry">retry</option>
          </select>
        </label>
      </div>
      {runs.isPending ? (
        <Loading label="runs" />
      ) : runs.isError && all.length === 0 ? (
        <Failed error={runs.error} onRetry={() => void runs.refetch()} />
      ) : all.length === 0 ? (
        <Empty title="No runs">
          <p>{state || trigger ? "None fits the filter." : "It has not run yet."}</p>
        </Empty>
      ) : (
        <>
          {runs.isError && <StaleNote error={runs.error} onRetry={() => void runs.refetch()} />}
          <RunTable tenant={tenant} runs={all} />
          <More
            has={runs.hasNextPage}
            busy={runs.isFetchingNextPage}
            onMore={() => void runs.fetchNextPage()}
            shown={all.length}
            noun="run"
          />
        </>
      )}
    </>
  );
}

export function RunTable({ tenant, runs }: { tenant: string; runs: readonly Run[] }) {
  return (
    <table className="data">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Outcome</th>
          <th scope="col">Started</th>
          <th scope="col">By</th>
          <th scope="col" className="number">
            Late
          </th>
          <th scope="col" className="number">
            Took
          </th>
          <th scope="col" className="number">
            Imported / skipped
          </th>
          <th scope="col">Error</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.run_id}>
            <td data-label="Run">
              <Link className="mono" href={tenantPath(tenant, `/runs/${run.run_id}`)}>
                {run.run_id.slice(-8)}
              </Link>
            </td>
            <td data-label="Outcome">
              <Badge look={runLooks[run.state]} />
            </td>
            <td data-label="Started">
              <Stamp at={run.started} />
            </td>
            <td data-label="By">
              {run.trigger === "manual" ? "hand" : run.trigger}
              {run.attempt > 1 && <span className="faint"> #{run.attempt}</span>}
            </td>
            <td data-label="Late" className="number">
              {duration(run.lateness_ms)}
            </td>
            <td data-label="Took" className="number">
              {duration(run.duration_ms)}
            </td>
            <td data-label="Imported / skipped" className="number">
              {count(run.stats.imported)}{" "}
              <span className="faint">/ {count(run.stats.skipped)}</span>
            </td>
            <td data-label="Error" title={run.error?.message}>
              {run.error?.kind ?? <span className="faint">—</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
