import { type MouseEvent, memo, useEffect, useState } from "react";
import { Link } from "wouter";
import type { Schedule } from "../../shared/api/types.ts";
import { useBeats } from "../../shared/live/beats.ts";
import { shown } from "../../shared/live/roster.ts";
import { useRow } from "../../shared/live/store.ts";
import type { Actions } from "../../shared/schedules/actions.ts";
import { count } from "../../shared/time/format.ts";
import { Badge, lookOf } from "../../shared/ui/badge.tsx";
import { copy } from "../../shared/ui/copy.ts";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Icon } from "../../shared/ui/icons.tsx";
import { type Item, Menu } from "../../shared/ui/menu.tsx";
import { Spark } from "../../shared/ui/spark.tsx";
import { Ago, Countdown, Elapsed } from "../../shared/ui/time.tsx";
import { tenantPath } from "../../shared/url.ts";
import { IntervalEdit } from "./interval-edit.tsx";

export interface RowProps {
  tenant: string;
  index: number;
  selected: boolean;
  focused: boolean;
  /** Why nothing can be changed, if so. */
  locked: string | null;
  actions: Actions;
  onSelect: (tenant: string, range: boolean) => void;
  onFocus: (tenant: string) => void;
  navigate: (path: string) => void;
}

/** One tenant: a row of the table on a wide screen, a card on a narrow one. */
export const TenantRow = memo(function TenantRow(props: RowProps) {
  const { tenant, index, selected, focused, locked, actions } = props;
  const row = useRow(tenant);
  const beats = useBeats(tenant);
  const schedule = shown(row);
  const pending = usePending((row?.hopes.length ?? 0) > 0);
  if (!schedule) return null;
  return (
    <div
      role="row"
      className="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-tenant={tenant}
      data-pending={pending || undefined}
      data-state={schedule.state}
      tabIndex={focused ? 0 : -1}
      onFocus={() => props.onFocus(tenant)}
    >
      <div role="cell" className="cell-check">
        <label className="touch">
          <input
            type="checkbox"
            aria-label={`Select ${tenant}`}
            checked={selected}
            onChange={() => {}}
            onClick={(event: MouseEvent) => props.onSelect(tenant, event.shiftKey)}
          />
        </label>
      </div>
      <div role="cell" className="cell-tenant">
        <Link href={tenantPath(tenant)} className="tenant-link" title={schedule.note ?? undefined}>
          {tenant}
        </Link>
        {schedule.tags.length > 0 && (
          <span className="tags">
            {schedule.tags.slice(0, 2).map((tag) => (
              <span className="tag" key={tag}>
                {tag}
              </span>
            ))}
          </span>
        )}
      </div>
      <div role="cell" className="cell-state">
        <Badge look={lookOf(schedule)} />
        {schedule.failures > 1 && (
          <span className="under">{count(schedule.failures)} failed in a row</span>
        )}
      </div>
      <div role="cell" className="cell-next">
        <span className="cell-label">Next </span>
        <NextRun schedule={schedule} />
      </div>
      <div role="cell" className="cell-last">
        <span className="cell-label">Last </span>
        <Ago at={schedule.last_run} />
        {schedule.last_run_iso && (
          <span className="iso" title={schedule.last_status?.message}>
            {schedule.last_run_iso.replace(/\.\d+Z$/, "Z")}
          </span>
        )}
      </div>
      <div role="cell" className="cell-stats">
        <Stats schedule={schedule} />
      </div>
      <div role="cell" className="cell-spark">
        {beats && <Spark beats={beats} />}
      </div>
      <div role="cell" className="cell-interval">
        <IntervalEdit
          tenant={tenant}
          interval={schedule.interval_sec}
          cron={schedule.cron}
          disabled={locked !== null}
          onChange={(interval) => void actions.setInterval(tenant, interval)}
          onCustom={() => openDialog({ kind: "form", tenant })}
        />
      </div>
      <div role="cell" className="cell-actions">
        <RowActions
          schedule={schedule}
          locked={locked}
          actions={actions}
          navigate={props.navigate}
        />
      </div>
    </div>
  );
});

/** Whether to show that an answer is awaited: only once it takes a moment. */
function usePending(waiting: boolean): boolean {
  const [pending, setPending] = useState(false);
  useEffect(() => {
    if (!waiting) return setPending(false);
    const timer = setTimeout(() => setPending(true), 300);
    return () => clearTimeout(timer);
  }, [waiting]);
  return pending;
}

export function NextRun({ schedule }: { schedule: Schedule }) {
  if (schedule.run) {
    return (
      <span className="next-running">
        running <Elapsed since={schedule.run.started} />
      </span>
    );
  }
  if (schedule.pause) {
    const { actor, reason, until } = schedule.pause;
    const title = `Paused by ${actor}${reason ? `: ${reason}` : ""}`;
    return (
      <span className="faint" title={title}>
        —
        {until !== null && (
          <span className="under">
            resumes in <Countdown due={until} />
          </span>
        )}
      </span>
    );
  }
  return <Countdown due={schedule.next_run} />;
}

function Stats({ schedule }: { schedule: Schedule }) {
  const stats = schedule.last_status?.result.stats;
  if (!stats) return <span className="faint">—</span>;
  return (
    <>
      <span className="stat">
        {count(stats.imported)}
        <span className="stat-word"> imported</span>
      </span>
      <span className="stat faint">
        {count(stats.skipped)}
        <span className="stat-word"> skipped</span>
      </span>
    </>
  );
}

function RowActions({
  schedule,
  locked,
  actions,
  navigate,
}: Pick<RowProps, "locked" | "actions" | "navigate"> & { schedule: Schedule }) {
  const { tenant, paused } = schedule;
  const items = (): Item[] => [
    {
      label: "Edit schedule…",
      icon: "edit",
      disabled: locked !== null,
      onSelect: () => openDialog({ kind: "form", tenant }),
    },
    {
      label: "Pause until…",
      icon: "clock",
      disabled: locked !== null,
      onSelect: () => openDialog({ kind: "pause", tenant }),
    },
    {
      label: "View runs",
      icon: "timeline",
      onSelect: () => navigate(tenantPath(tenant, "?tab=runs")),
    },
    {
      label: "View audit",
      icon: "audit",
      onSelect: () => navigate(tenantPath(tenant, "?tab=audit")),
    },
    { label: "Copy id", icon: "copy", onSelect: () => void copy(tenant) },
    {
      label: "Delete…",
      icon: "trash",
      danger: true,
      disabled: locked !== null,
      onSelect: () => openDialog({ kind: "delete", tenant }),
    },
  ];
  return (
    <>
      <button
        type="button"
        className="button small toggle"
        disabled={locked !== null}
        title={locked ?? undefined}
        aria-label={`${paused ? "Resume" : "Pause"}, ${tenant}`}
        onClick={() => void (paused ? actions.resume(tenant) : actions.pause(tenant))}
      >
        <Icon name={paused ? "play" : "pause"} />
        <span>{paused ? "Resume" : "Pause"}</span>
      </button>
      <button
        type="button"
        className="button small run-now"
        disabled={locked !== null}
        title={locked ?? undefined}
        aria-label={`Run now, ${tenant}`}
        onClick={() => void actions.runNow(tenant)}
      >
        <Icon name="run" />
        <span>Run now</span>
      </button>
      <Menu label={`More for ${tenant}`} items={items} />
    </>
  );
}
