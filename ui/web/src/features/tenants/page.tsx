import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useLocation } from "wouter";
import { Problem } from "../../shared/api/problem.ts";
import { useMay, useSource } from "../../shared/api/session.ts";
import { useLive } from "../../shared/live/live.ts";
import { shown } from "../../shared/live/roster.ts";
import { getRoster, useCounts, useRoster } from "../../shared/live/store.ts";
import { useLocked } from "../../shared/locked.ts";
import { type Column, usePrefs } from "../../shared/prefs.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { useSlowNow } from "../../shared/time/clock.ts";
import { count, plural } from "../../shared/time/format.ts";
import { copy } from "../../shared/ui/copy.ts";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Empty, Failed, Loading, StaleNote } from "../../shared/ui/faces.tsx";
import { Icon } from "../../shared/ui/icons.tsx";
import { textScale, useNarrow } from "../../shared/ui/narrow.ts";
import { useTitle } from "../../shared/ui/title.ts";
import { useParamsState } from "../../shared/url.ts";
import { useTenantPages, useTotals } from "./api.ts";
import { useWantedBeats } from "./beats.ts";
import { BulkBar } from "./bulk-bar.tsx";
import {
  admits,
  type Filter,
  inWords,
  isDescending,
  isNarrow,
  noFilter,
  readFilter,
  type SortKey,
  sortKey,
  sortParam,
  turned,
} from "./filter.ts";
import { TenantRow } from "./row.tsx";
import { useRowKeys } from "./row-keys.ts";
import { Summary } from "./summary.tsx";
import { columnWords, Toolbar } from "./toolbar.tsx";

export default function TenantsPage() {
  const [params, change] = useParamsState();
  const filter = useMemo(() => readFilter(params), [params]);
  const counts = useCounts();
  useTitle("Tenants");
  const totals = useTotals();
  const pages = useTenantPages(filter);
  const roster = useRoster();
  const slowNow = useSlowNow();
  const may = useMay();
  const locked = useLocked();

  const tenants = useMemo(() => {
    const all = pages.data?.pages.flatMap((page) => page.tenants) ?? [];
    const seen = new Set<string>();
    return all.filter((tenant) => {
      if (seen.has(tenant)) return false;
      seen.add(tenant);
      const schedule = shown(roster.rows.get(tenant));
      return schedule != null && admits(filter, schedule, slowNow);
    });
  }, [pages.data, roster, filter, slowNow]);

  const matched = pages.data?.pages.at(-1)?.matched;
  const isSettled = pages.isSuccess && !pages.isPlaceholderData;
  let body: ReactNode;
  if (pages.isPending) body = <Loading label="tenants" rows={8} />;
  else if (pages.isError && tenants.length === 0) {
    body = <Failed error={pages.error} onRetry={() => void pages.refetch()} />;
  } else if (isSettled && tenants.length === 0 && !pages.hasNextPage) {
    body = isNarrow(filter) ? (
      <Empty title="Nothing matches">
        <p>There are no {inWords(filter)}.</p>
        <button type="button" className="button" onClick={() => change(noFilter)}>
          Clear the filter
        </button>
      </Empty>
    ) : (
      <NoSchedules mayCreate={may.operate} />
    );
  } else {
    body = (
      <>
        {pages.isError && !(pages.error instanceof Problem && pages.error.status === 401) && (
          <StaleNote error={pages.error} onRetry={() => void pages.refetch()} />
        )}
        <Table
          tenants={tenants}
          total={matched ?? null}
          locked={locked}
          words={inWords(filter)}
          hasMore={pages.hasNextPage}
          isMoreComing={pages.isFetchingNextPage}
          onMore={pages.fetchNextPage}
          filter={filter}
          onSort={(key) => {
            const isBy = key === sortKey(filter.sort);
            change({ sort: sortParam(isBy ? turned(filter.sort) : key) });
          }}
        />
      </>
    );
  }

  return (
    <>
      <div className="page-head">
        <h1 tabIndex={-1}>Tenants</h1>
        <div className="page-actions">
          <button
            type="button"
            className="button primary"
            disabled={locked !== null}
            title={locked ?? undefined}
            onClick={() => openDialog({ kind: "form" })}
          >
            <Icon name="plus" />
            New schedule
          </button>
        </div>
      </div>
      <Summary counts={counts} overdue={totals.data?.overdue} filter={filter} />
      <Toolbar filter={filter} change={change} locked={locked} />
      {isNarrow(filter) && matched !== undefined && matched > 0 && (
        <p className="filter-line">
          <span role="status">
            <strong>{count(matched)}</strong> {inWords(filter)}
          </span>
          <button type="button" className="link" onClick={() => change(noFilter)}>
            Show all tenants
          </button>
        </p>
      )}
      {body}
    </>
  );
}

function NoSchedules({ mayCreate }: { mayCreate: boolean }) {
  const example = `curl -X POST ${location.origin}/api/crm/import/acculynx/schedule \\
  -H 'x-tenant: peakpro' -H 'content-type: application/json' \\
  -d '{"interval_sec": 300}'`;
  return (
    <Empty title="No schedules yet">
      <p>
        A schedule pulls one tenant's CRM data again and again. Create one here, or from a terminal:
      </p>
      <pre className="example">
        <code>{example}</code>
      </pre>
      <div className="face-actions">
        {mayCreate && (
          <button
            type="button"
            className="button primary"
            onClick={() => openDialog({ kind: "form" })}
          >
            <Icon name="plus" />
            Create a schedule
          </button>
        )}
        <button type="button" className="button" onClick={() => void copy(example)}>
          <Icon name="copy" />
          Copy the command
        </button>
      </div>
    </Empty>
  );
}

interface TableProps {
  tenants: string[];
  /** How many there are with those not loaded, where that is known. */
  total: number | null;
  locked: string | null;
  words: string;
  hasMore: boolean;
  isMoreComing: boolean;
  onMore: () => unknown;
  filter: Filter;
  onSort: (key: SortKey) => void;
}

/** The heads of the columns that may be hidden, in order, and what each sorts by. */
const heads: { column: Column; sort?: SortKey }[] = [
  { column: "state", sort: "state" },
  { column: "next", sort: "next_run" },
  { column: "last", sort: "last_run" },
  { column: "stats" },
  { column: "spark" },
  { column: "interval" },
];

function Table(props: TableProps) {
  const { tenants, total, locked, hasMore, isMoreComing, onMore, filter } = props;
  const { density, hidden } = usePrefs();
  const source = useSource();
  const isNarrowScreen = useNarrow();
  const [, navigate] = useLocation();
  const actions = useActions();
  const live = useLive();
  const now = useSlowNow();
  const isStale = live.heard > 0 && now - live.heard > 2000 * live.everySec + 10_000;
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const anchor = useRef<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    setTop((list.current?.getBoundingClientRect().top ?? 0) + scrollY);
  }, []);

  const height = Math.round((isNarrowScreen ? 176 : density === "compact" ? 40 : 56) * textScale);
  const estimateSize = useCallback(() => height, [height]);
  const virtual = useWindowVirtualizer({
    count: tenants.length,
    estimateSize,
    overscan: 8,
    scrollMargin: top,
    getItemKey: useCallback((index: number) => tenants[index] ?? index, [tenants]),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured anew
  useEffect(() => virtual.measure(), [height]);

  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  const drawn = items.flatMap(({ index }) => tenants[index] ?? []);
  useWantedBeats(source, hidden.includes("spark") ? [] : drawn);
  useEffect(() => {
    // One page ahead of what is seen.
    if (hasMore && !isMoreComing && lastShown > tenants.length - 60) onMore();
  }, [hasMore, isMoreComing, lastShown, tenants.length, onMore]);

  const tenantsNow = useRef(tenants);
  tenantsNow.current = tenants;
  const select = useCallback((tenant: string, range: boolean) => {
    const from = anchor.current;
    const all = tenantsNow.current;
    anchor.current = tenant;
    setSelected((before) => {
      const next = new Set(before);
      const a = from === null ? -1 : all.indexOf(from);
      const b = all.indexOf(tenant);
      if (range && a >= 0 && b >= 0) {
        for (const each of all.slice(Math.min(a, b), Math.max(a, b) + 1)) next.add(each);
      } else if (!next.delete(tenant)) next.add(tenant);
      return next;
    });
  }, []);

  const scrollTo = useCallback(
    (index: number) => virtual.scrollToIndex(index, { align: "auto" }),
    [virtual],
  );
  const { current, setCurrent } = useRowKeys({
    tenants,
    list,
    scrollTo,
    actions,
    locked,
    select,
    navigate,
  });

  const chosen = [...selected].filter((tenant) => getRoster().rows.get(tenant)?.schedule);
  const allChosen = chosen.length > 0 && tenants.every((tenant) => selected.has(tenant));
  const first = items[0]?.index ?? 0;
  return (
    <>
      {chosen.length > 0 && (
        <BulkBar
          chosen={chosen}
          total={total}
          allChosen={allChosen && hasMore}
          filter={filter}
          words={props.words}
          locked={locked}
          onClear={() => setSelected(new Set())}
        />
      )}
      <div
        role="table"
        aria-label="Tenants"
        aria-rowcount={Math.max(total ?? 0, tenants.length) + 1}
        className="table tenants"
        data-stale={isStale || undefined}
        data-hide={hidden.join(" ")}
        data-chosen={chosen.length > 0 || undefined}
      >
        <div role="rowgroup" className="head-group">
          <div role="row" className="row head" aria-rowindex={1}>
            <div role="columnheader" className="cell-check">
              <input
                type="checkbox"
                aria-label="Select all rows that are loaded"
                checked={allChosen}
                onChange={() => setSelected(allChosen ? new Set() : new Set(tenants))}
              />
            </div>
            <SortHead className="cell-tenant" by="tenant" filter={filter} onSort={props.onSort}>
              Tenant
            </SortHead>
            {heads.map(({ column, sort }) =>
              sort ? (
                <SortHead
                  key={column}
                  className={`cell-${column}`}
                  by={sort}
                  filter={filter}
                  onSort={props.onSort}
                >
                  {columnWords[column]}
                </SortHead>
              ) : (
                <div key={column} role="columnheader" className={`cell-${column}`}>
                  {column === "stats" ? "Imported / skip." : columnWords[column]}
                </div>
              ),
            )}
            <div role="columnheader" className="cell-actions">
              Actions
            </div>
          </div>
        </div>
        <div ref={list} role="rowgroup" className="rows" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const tenant = tenants[item.index];
            if (tenant === undefined) return null;
            return (
              <div
                key={item.key}
                className="row-place"
                role="presentation"
                style={{ height: item.size, transform: `translateY(${item.start - top}px)` }}
              >
                <TenantRow
                  tenant={tenant}
                  index={item.index}
                  selected={selected.has(tenant)}
                  focused={(current ?? tenants[0]) === tenant}
                  locked={locked}
                  actions={actions}
                  onSelect={select}
                  onFocus={setCurrent}
                  navigate={navigate}
                />
              </div>
            );
          })}
        </div>
      </div>
      <p className="faint shown-range">
        Showing {count(first + 1)}–{count(Math.min(lastShown + 1, tenants.length))} of{" "}
        {count(Math.max(total ?? 0, tenants.length))}
        {isMoreComing && ", loading more…"}
        <span className="visually-hidden"> {plural(tenants.length, "row")} loaded. </span>
      </p>
    </>
  );
}

/** A column's head that sorts by it; once more turns the order round. */
function SortHead({
  by,
  filter,
  onSort,
  className,
  children,
}: {
  by: SortKey;
  filter: Filter;
  onSort: (key: SortKey) => void;
  className: string;
  children: ReactNode;
}) {
  const isBy = sortKey(filter.sort) === by;
  const isDown = isDescending(filter.sort);
  return (
    <div
      role="columnheader"
      className={className}
      aria-sort={isBy ? (isDown ? "descending" : "ascending") : undefined}
    >
      <button type="button" className="sort-head" onClick={() => onSort(by)}>
        {children}
        {isBy && <Icon name={isDown ? "down" : "up"} />}
      </button>
    </div>
  );
}
