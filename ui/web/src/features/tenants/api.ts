import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import type { Run } from "../../shared/api/types.ts";
import { heard } from "../../shared/live/live.ts";
import { tell } from "../../shared/live/store.ts";
import { serverNow } from "../../shared/time/clock.ts";
import { GRACE } from "../../shared/time/format.ts";
import { type Filter, listQuery } from "./filter.ts";

const PAGE = 100;

/** Pages of tenants; what they hold goes into the roster, the pages keep the order. */
export function useTenantPages(filter: Filter) {
  const source = useSource();
  const query = listQuery(filter);
  return useInfiniteQuery({
    queryKey: ["schedules", source, query],
    initialPageParam: undefined as string | undefined,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal, pageParam: cursor }) => {
      const page = ok(
        await http.GET("/api/crm/import/{source}/schedules", {
          params: {
            path: { source },
            query: { ...query, limit: PAGE, ...(cursor ? { cursor } : {}) },
          },
          signal,
        }),
      );
      const { schedules, version } = page;
      tell({ event: "read", schedules, version });
      heard();
      return {
        tenants: schedules.map((schedule) => schedule.tenant),
        schedules,
        counts: page.counts,
        next: page.next_cursor,
      };
    },
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** The counts of all tenants, whatever the list is narrowed to. */
export function useTotals() {
  const source = useSource();
  return useQuery({
    queryKey: ["counts", source],
    queryFn: async ({ signal }) => {
      const { schedules, counts, version } = ok(
        await http.GET("/api/crm/import/{source}/schedules", {
          params: { path: { source }, query: { sort: "next_run", limit: PAGE } },
          signal,
        }),
      );
      tell({ event: "read", schedules, counts, version });
      heard();
      const late = serverNow() / 1000 - GRACE;
      const overdue = schedules.filter(
        ({ next_run }) => next_run != null && next_run < late,
      ).length;
      return { counts, overdue, isMore: overdue === PAGE };
    },
  });
}

/** The latest runs of each tenant, newest first, for the sparklines. */
export function useRecentRuns() {
  const source = useSource();
  return useQuery({
    queryKey: ["runs", source, "recent"],
    staleTime: 30_000,
    refetchInterval: 60_000,
    queryFn: async ({ signal }) => {
      const { runs } = ok(
        await http.GET("/api/crm/import/{source}/runs", {
          params: { path: { source }, query: { limit: 1000 } },
          signal,
        }),
      );
      return byTenant(runs);
    },
  });
}

/** What a sparkline needs of a run. */
export type Beat = Pick<Run, "state" | "duration_ms">;

export function byTenant(runs: readonly Run[], most = 30): Record<string, Beat[]> {
  const all: Record<string, Beat[]> = {};
  for (const { tenant, state, duration_ms } of runs) {
    all[tenant] ??= [];
    const beats = all[tenant];
    if (beats.length < most) beats.push({ state, duration_ms });
  }
  return all;
}
