import { lazy, Suspense } from "react";
import { Link, useLocation } from "wouter";
import { isProblem } from "../../shared/api/problem.ts";
import type { Schedule } from "../../shared/api/types.ts";
import { ExportLinks, Trail } from "../../shared/audit/trail.tsx";
import { useSchedule } from "../../shared/live/store.ts";
import { useLocked } from "../../shared/locked.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { every } from "../../shared/time/format.ts";
import { Badge, lookOf } from "../../shared/ui/badge.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Empty, Failed, Loading } from "../../shared/ui/faces.tsx";
import { Icon } from "../../shared/ui/icons.tsx";
import { Menu } from "../../shared/ui/menu.tsx";
import { Ago, Countdown, Elapsed, Stamp } from "../../shared/ui/time.tsx";
import { useTitle } from "../../shared/ui/title.ts";
import { tenantPath, useParamsState } from "../../shared/url.ts";
import { useTenant } from "./api.ts";
import { RunsTab } from "./runs-tab.tsx";

const OverviewTab = lazy(() => import("./overview-tab.tsx"));
const SlotsTab = lazy(() => import("./slots-tab.tsx"));
const RecordsTab = lazy(() => import("./records-tab.tsx"));
const SettingsTab = lazy(() => import("./settings-tab.tsx"));

const tabs = [
  { id: "overview", label: "Overview" },
  { id: "runs", label: "Runs" },
  { id: "slots", label: "Why" },
  { id: "records", label: "Records" },
  { id: "audit", label: "Audit" },
  { id: "settings", label: "Settings" },
] as const;

export default function TenantPage({ tenant }: { tenant: string }) {
  useTitle(tenant);
  const read = useTenant(tenant);
  const schedule = useSchedule(tenant);
  const [params] = useParamsState();
  const tab = tabs.find(({ id }) => id === params.get("tab"))?.id ?? "overview";
  const isGone = schedule === null || isProblem(read.error, "schedule_not_found");

  const crumbs = (
    <p className="crumbs">
      <Link href="/">
        <Icon name="left" />
        Tenants
      </Link>
    </p>
  );
  if (!schedule && !isGone && !read.data) {
    return (
      <>
        {crumbs}
        <div className="page-head">
          <h1 tabIndex={-1}>{tenant}</h1>
        </div>
        {read.isError ? (
          <Failed error={read.error} onRetry={() => void read.refetch()} />
        ) : (
          <Loading label={tenant} rows={6} />
        )}
      </>
    );
  }
  return (
    <>
      {crumbs}
      {schedule && !isGone ? (
        <Head schedule={schedule} />
      ) : (
        <div className="page-head">
          <h1 tabIndex={-1}>{tenant}</h1>
          <span className="faint">has no schedule; its history stays</span>
        </div>
      )}
      <nav className="tabs" aria-label={`About ${tenant}`}>
        {tabs.map(({ id, label }) => (
          <Link
            key={id}
            href={tenantPath(tenant, id === "overview" ? "" : `?tab=${id}`)}
            aria-current={tab === id ? "page" : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
      <Suspense fallback={<Loading label={tab} rows={4} />}>
        {tab === "runs" && <RunsTab tenant={tenant} />}
        {tab === "audit" && (
          <>
            <div className="section-head">
              <h2>Audit of {tenant}</h2>
              <ExportLinks filter={{ tenant }} />
            </div>
            <Trail filter={{ tenant }} ofTenant />
          </>
        )}
        {tab === "slots" && <SlotsTab tenant={tenant} />}
        {tab === "records" && <RecordsTab tenant={tenant} />}
        {tab === "overview" &&
          (schedule && !isGone ? (
            <OverviewTab schedule={schedule} />
          ) : (
            <Empty title="No schedule">
              <p>It was deleted, or never created. Past runs, audit and records are still here.</p>
              <button type="button" className="button" onClick={() => openDialog({ kind: "form" })}>
                New schedule
              </button>
            </Empty>
          ))}
        {tab === "settings" && <SettingsTab tenant={tenant} schedule={schedule ?? null} />}
      </Suspense>
    </>
  );
}

function Head({ schedule }: { schedule: Schedule }) {
  const { tenant, paused, run } = schedule;
  const actions = useActions();
  const locked = useLocked();
  const [, navigate] = useLocation();
  return (
    <div className="tenant-head">
      <div className="tenant-title">
        <h1 tabIndex={-1}>{tenant}</h1>
        <Badge look={lookOf(schedule)} />
        {schedule.tags.map((tag) => (
          <Link key={tag} className="tag" href={`/?tag=${encodeURIComponent(tag)}`}>
            {tag}
          </Link>
        ))}
      </div>
      <p className="tenant-next">
        <NextInWords schedule={schedule} />
        <span className="faint">
          {schedule.interval_sec === null
            ? `cron ${schedule.cron} ${schedule.timezone}`
            : every(schedule.interval_sec)}
          {schedule.jitter_sec > 0 && `, up to ${schedule.jitter_sec} s later`}
        </span>
      </p>
      {schedule.note && <p className="tenant-note">{schedule.note}</p>}
      <div className="tenant-actions">
        <button
          type="button"
          className="button"
          disabled={locked !== null}
          title={locked ?? undefined}
          onClick={() => void (paused ? actions.resume(tenant) : actions.pause(tenant))}
        >
          <Icon name={paused ? "play" : "pause"} />
          {paused ? "Resume" : "Pause"}
        </button>
        {run ? (
          <button
            type="button"
            className="button"
            disabled={locked !== null}
            title={locked ?? undefined}
            onClick={() => void actions.cancel(tenant, run.run_id)}
          >
            <Icon name="cross" />
            Cancel run
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
            Run now
          </button>
        )}
        <button
          type="button"
          className="button"
          disabled={locked !== null}
          title={locked ?? undefined}
          onClick={() => openDialog({ kind: "pause", tenant })}
        >
          <Icon name="clock" />
          Pause until…
        </button>
        <button
          type="button"
          className="button"
          disabled={locked !== null}
          title={locked ?? undefined}
          onClick={() => openDialog({ kind: "form", tenant })}
        >
          <Icon name="edit" />
          Edit
        </button>
        <Menu
          label="More"
          items={() => [
            {
              label: "Why did it (not) run?",
              icon: "why",
              onSelect: () => navigate(tenantPath(tenant, "?tab=slots")),
            },
            {
              label: "Connection…",
              icon: "key",
              onSelect: () => navigate(tenantPath(tenant, "?tab=settings")),
            },
            {
              label: "Delete…",
              icon: "trash",
              danger: true,
              disabled: locked !== null,
              onSelect: () => openDialog({ kind: "delete", tenant }),
            },
          ]}
        />
      </div>
    </div>
  );
}

/** What happens next, and what keeps it from happening. */
function NextInWords({ schedule }: { schedule: Schedule }) {
  const { pause, run, breaker, retrying, next_run } = schedule;
  if (run && !pause) {
    return (
      <strong>
        Running for <Elapsed since={run.started} />
      </strong>
    );
  }
  if (pause) {
    return (
      <strong>
        Paused by {pause.actor}, <Ago at={pause.since} />
        {pause.reason && `: ${pause.reason}`}
        {pause.until !== null && (
          <>
            {" "}
            (resumes at <Stamp at={pause.until} />)
          </>
        )}
        {run && "; the run in flight goes on"}
      </strong>
    );
  }
  if (breaker) {
    return (
      <strong>
        Stopped after failures ({breaker.kind}); tried again in <Countdown due={breaker.probe_at} />
      </strong>
    );
  }
  if (retrying) {
    return (
      <strong>
        Attempt {retrying.attempt} in <Countdown due={retrying.at} />
      </strong>
    );
  }
  return (
    <strong>
      Next run in <Countdown due={next_run} />
    </strong>
  );
}
