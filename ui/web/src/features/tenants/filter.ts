import type { Schedule, ScheduleState } from "../../shared/api/types.ts";
import { isOverdue } from "../../shared/time/format.ts";
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

export const sorts = ["tenant", "next_run", "last_run"] as const;
export type Sort = (typeof sorts)[number];

/** Which tenants are shown, as it stands in the address. */
export interface Filter {
  q: string;
  states: readonly ScheduleState[];
  tag: string;
  overdue: boolean;
  sort: Sort;
}

export function readFilter(params: URLSearchParams): Filter {
  const words = (params.get("state") ?? "").split(",");
  const overdue = params.get("overdue") === "1";
  const sort = sorts.find((known) => known === params.get("sort")) ?? "tenant";
  return {
    q: params.get("q") ?? "",
    states: states.filter((state) => words.includes(state)),
    tag: params.get("tag") ?? "",
    overdue,
    // What is overdue stands first in this order, so no page is read in vain.
    sort: overdue ? "next_run" : sort,
  };
}

/** The query of the list, as the server reads it. */
export function listQuery(filter: Filter) {
  return {
    ...(filter.q ? { q: filter.q } : {}),
    ...(filter.states.length > 0 ? { state: filter.states.join(",") } : {}),
    ...(filter.tag ? { tag: filter.tag } : {}),
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
    (!filter.overdue || isOverdue(schedule.next_run, nowMs))
  );
}

export function isNarrow(filter: Filter): boolean {
  return filter.q !== "" || filter.states.length > 0 || filter.tag !== "" || filter.overdue;
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
  if (filter.overdue) parts.push("overdue");
  return parts.length === 0 ? "all tenants" : `tenants with ${parts.join(" and ")}`;
}

export function toPick(filter: Filter): BulkPick {
  const { sort: _, ...pick } = listQuery(filter);
  return Object.keys(pick).length === 0 ? { all: true } : pick;
}
