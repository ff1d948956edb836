import { useEffect, useRef } from "react";
import { useMay } from "../../shared/api/session.ts";
import { type Column, columns, setPrefs, usePrefs } from "../../shared/prefs.ts";
import { presets } from "../../shared/schedules/presets.ts";
import { every } from "../../shared/time/format.ts";
import { stateLooks } from "../../shared/ui/badge.tsx";
import { Debounced } from "../../shared/ui/debounced.tsx";
import { type BulkOperation, openDialog } from "../../shared/ui/dialogs.ts";
import { Icon, type IconName } from "../../shared/ui/icons.tsx";
import { type Item, Menu } from "../../shared/ui/menu.tsx";
import type { ParamValue } from "../../shared/url.ts";
import {
  type Filter,
  inWords,
  isDescending,
  isNarrow,
  narrowings,
  noFilter,
  type SortKey,
  sortKey,
  sortParam,
  sorts,
  sortWords,
  states,
  toPick,
  turned,
} from "./filter.ts";

export const columnWords: Record<Column, string> = {
  state: "Status",
  next: "Next run",
  last: "Last run",
  stats: "Imported / skipped",
  spark: "Last 30 runs",
  interval: "Interval",
};

const bulkItems: { operation: BulkOperation; label: (which: string) => string; icon: IconName }[] =
  [
    { operation: "pause", label: (which) => `Pause ${which}…`, icon: "pause" },
    { operation: "resume", label: (which) => `Resume ${which}…`, icon: "play" },
    { operation: "run-now", label: (which) => `Run ${which} now…`, icon: "run" },
    { operation: "set-interval", label: (which) => `Set interval of ${which}…`, icon: "clock" },
    { operation: "delete", label: (which) => `Delete ${which}…`, icon: "trash" },
  ];

interface ToolbarProps {
  filter: Filter;
  change: (changes: Record<string, ParamValue>) => void;
  locked: string | null;
}

export function Toolbar({ filter, change, locked }: ToolbarProps) {
  const { density, hidden } = usePrefs();
  const may = useMay();
  const bulk = (): Item[] =>
    bulkItems.map(({ operation, label, icon }) => ({
      label: label(isNarrow(filter) ? "matching" : "all"),
      icon,
      danger: operation === "delete",
      disabled: locked !== null,
      onSelect: () =>
        openDialog({ kind: "bulk", operation, pick: toPick(filter), words: inWords(filter) }),
    }));
  const choices = (): Item[] =>
    columns.map((column) => ({
      label: columnWords[column],
      checked: !hidden.includes(column),
      onSelect: () =>
        setPrefs({
          hidden: columns.filter((each) => hidden.includes(each) !== (each === column)),
        }),
    }));
  const key = sortKey(filter.sort);
  const isDown = isDescending(filter.sort);
  return (
    <div className="toolbar tenants-toolbar" role="search" aria-label="Tenants">
      <Search value={filter.q} onChange={(q) => change({ q })} />
      <Filters filter={filter} change={change} />
      <span className="sort">
        <label className="inline-field">
          <span>Sort</span>
          <select
            value={key}
            onChange={({ target }) => change({ sort: sortParam(target.value as SortKey) })}
          >
            {sorts.map((each) => (
              <option key={each} value={each}>
                {sortWords[each]}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          className="button"
          aria-label={isDown ? "Descending, turn round" : "Ascending, turn round"}
          title={isDown ? "Descending" : "Ascending"}
          onClick={() => change({ sort: sortParam(turned(filter.sort)) })}
        >
          <Icon name={isDown ? "down" : "up"} />
        </button>
      </span>
      <button
        type="button"
        className="button density"
        aria-pressed={density === "compact"}
        onClick={() => setPrefs({ density: density === "compact" ? "comfortable" : "compact" })}
      >
        <Icon name="menu" />
        Compact
      </button>
      <Menu label="Columns that are shown" className="button density" items={choices}>
        <Icon name="columns" />
        Columns
      </Menu>
      {may.operate && (
        <Menu label="Bulk actions" className="button bulk-menu" items={bulk}>
          <Icon name="list" />
          {isNarrow(filter) ? "All matching" : "All tenants"}
        </Menu>
      )}
    </div>
  );
}

/** What the list can be narrowed to: a panel beside its button, a sheet from below on a phone. */
function Filters({ filter, change }: Omit<ToolbarProps, "locked">) {
  const panel = useRef<HTMLDetailsElement>(null);
  const active = narrowings(filter);
  useEffect(() => {
    const leave = (event: Event) => {
      const isAway = event instanceof KeyboardEvent ? event.key === "Escape" : true;
      const details = panel.current;
      if (!details?.open || !isAway) return;
      if (event.type !== "keydown" && details.contains(event.target as Node)) return;
      details.open = false;
      if (event.type === "keydown") details.querySelector("summary")?.focus();
    };
    addEventListener("pointerdown", leave);
    addEventListener("keydown", leave);
    return () => {
      removeEventListener("pointerdown", leave);
      removeEventListener("keydown", leave);
    };
  }, []);
  const toggled = <T,>(all: readonly T[], chosen: readonly T[], one: T) =>
    all.filter((each) => chosen.includes(each) !== (each === one)).join(",");
  const intervals = [...new Set([...presets, ...filter.intervals])].sort((a, b) => a - b);
  return (
    <details className="filters" ref={panel}>
      <summary className="button" data-active={active > 0 || undefined}>
        <Icon name="filter" />
        {active === 0 ? "Filters" : `${active} ${active === 1 ? "filter" : "filters"}`}
      </summary>
      <div className="filters-panel">
        <fieldset>
          <legend>Status</legend>
          <div className="chips">
            {states.map((state) => (
              <label key={state} className="chip" data-tone={stateLooks[state].tone}>
                <input
                  type="checkbox"
                  checked={filter.states.includes(state)}
                  onChange={() => change({ state: toggled(states, filter.states, state) })}
                />
                {stateLooks[state].word}
              </label>
            ))}
            <label className="chip" data-tone="warn">
              <input
                type="checkbox"
                checked={filter.overdue}
                onChange={() => change({ overdue: !filter.overdue })}
              />
              OVERDUE
            </label>
          </div>
        </fieldset>
        <fieldset>
          <legend>Interval</legend>
          <div className="chips">
            {intervals.map((interval) => (
              <label key={interval} className="chip" data-tone="info">
                <input
                  type="checkbox"
                  checked={filter.intervals.includes(interval)}
                  onChange={() =>
                    change({ interval: toggled(intervals, filter.intervals, interval) })
                  }
                />
                {every(interval).replace("every ", "")}
              </label>
            ))}
          </div>
        </fieldset>
        <label className="field">
          Tag
          <Debounced value={filter.tag} placeholder="any" onChange={(tag) => change({ tag })} />
        </label>
        <div className="filters-foot">
          <button
            type="button"
            className="button small"
            disabled={active === 0}
            onClick={() => change({ ...noFilter, q: filter.q })}
          >
            Clear the filters
          </button>
          <button
            type="button"
            className="button small primary"
            onClick={() => {
              if (panel.current) panel.current.open = false;
              panel.current?.querySelector("summary")?.focus();
            }}
          >
            Done
          </button>
        </div>
      </div>
    </details>
  );
}

function Search({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <div className="search">
      <Icon name="search" />
      <label className="visually-hidden" htmlFor="search">
        Search tenants
      </label>
      <Debounced id="search" value={value} placeholder="Search tenants" onChange={onChange} />
      <kbd>/</kbd>
    </div>
  );
}
