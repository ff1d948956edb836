import type { Schedule, ScheduleState } from "../../shared/api/types.ts";
import { every, isOverdue } from "../../shared/time/format.ts";
import type { BulkPick } from "../../shared/ui/dialogs.ts";

export const states: readonly ScheduleState[] = [
  "ok",
  "error",
  "paused",
  "running",
  "backoff",
  "broken",
  "never",
];

export const sorts = ["tenant", "next_run", "last_run", "state", "failures"] as const;
export type SortKey = (typeof sorts)[number];
/** An order of the list; with a minus the other way round. */
export type Sort = SortKey | `-${SortKey}`;

export const sortWords: Record<SortKey, string> = {
  tenant: "Name",
  next_run: "Next run",
  last_run: "Last run",
  state: "Status",
  failures: "Failures",
};

export function sortKey(sort: Sort): SortKey {
  return sort.replace(/^-/, "") as SortKey;
}

/** Whether it goes from the latest or most down: these orders begin with what is looked for most. */
export function isDescending(sort: Sort): boolean {
  const key = sortKey(sort);
  return (key === "last_run" || key === "failures") === (sort === key);
}

/** The address's word for an order; the usual one needs none. */
export function sortParam(sort: Sort): Sort | null {
  return sort === "tenant" ? null : sort;
}

export function turned(sort: Sort): Sort {
  const key = sortKey(sort);
  return sort === key ? `-${key}` : key;
}

/** Which tenants are shown, as it stands in the address. */
export interface Filter {
  q: string;
  states: readonly ScheduleState[];
  tag: string;
  /** Seconds; any of these. */
  intervals: readonly number[];
  overdue: boolean;
  sort: Sort;
}

export function readFilter(params: URLSearchParams): Filter {
  const words = (params.get("state") ?? "").split(",");
  const sort = params.get("sort") as Sort | null;
  const intervals = (params.get("interval") ?? "").split(",").map(Number);
  return {
    q: params.get("q") ?? "",
    states: states.filter((state) => words.includes(state)),
    tag: params.get("tag") ?? "",
    intervals: [...new Set(intervals)].filter((each) => Number.isInteger(each) && each > 0),
    overdue: params.get("overdue") === "1",
    sort: sort && sorts.includes(sortKey(sort)) ? sort : "tenant",
  };
}

/** The query of the list, as the server reads it. */
export function listQuery(filter: Filter) {
  return {
    ...(filter.q ? { q: filter.q } : {}),
    ...(filter.states.length > 0 ? { state: filter.states.join(",") } : {}),
    ...(filter.tag ? { tag: filter.tag } : {}),
    ...(filter.intervals.length > 0 ? { interval_sec: filter.intervals.join(",") } : {}),
    ...(filter.overdue ? { overdue: true } : {}),
    sort: filter.sort,
  };
}

/** Whether the server would still list this schedule: live changes may take it out. */
export function admits(filter: Filter, schedule: Schedule, nowMs: number): boolean {
  const q = filter.q.toLowerCase();
  return (
    (filter.states.length === 0 || filter.states.includes(schedule.state)) &&
    (q === "" || schedule.tenant.includes(q) || (schedule.note ?? "").toLowerCase().includes(q)) &&
    (filter.tag === "" || schedule.tags.includes(filter.tag)) &&
    (filter.intervals.length === 0 || filter.intervals.includes(schedule.interval_sec ?? 0)) &&
    (!filter.overdue || isOverdue(schedule.next_run, nowMs))
  );
}

/** The parameters that narrow the list, each taken out. */
export const noFilter = { q: null, state: null, tag: null, interval: null, overdue: null };

/** How many things narrow the list, without the search. */
export function narrowings(filter: Filter): number {
  const { states, intervals, tag, overdue } = filter;
  return states.length + intervals.length + (tag ? 1 : 0) + (overdue ? 1 : 0);
}

export function isNarrow(filter: Filter): boolean {
  return filter.q !== "" || narrowings(filter) > 0;
}

const stateWords: Record<ScheduleState, string> = {
  ok: "OK",
  error: "ERROR",
  paused: "PAUSED",
  running: "RUNNING",
  backoff: "RETRYING",
  broken: "BROKEN",
  never: "NEVER RUN",
};

/** The filter in words, for people who are about to act on all that it picks. */
export function inWords(filter: Filter): string {
  const parts = [];
  if (filter.states.length > 0) {
    parts.push(`state ${filter.states.map((state) => stateWords[state]).join(" or ")}`);
  }
  if (filter.q) parts.push(`name or note with “${filter.q}”`);
  if (filter.tag) parts.push(`tag “${filter.tag}”`);
  if (filter.intervals.length > 0) {
    parts.push(`a run ${filter.intervals.map(every).join(" or ")}`);
  }
  if (filter.overdue) parts.push("an overdue run");
  return parts.length === 0 ? "all tenants" : `tenants with ${parts.join(" and ")}`;
}

export function toPick(filter: Filter): BulkPick {
  const { sort: _, ...pick } = listQuery(filter);
  return Object.keys(pick).length === 0 ? { all: true } : pick;
}
