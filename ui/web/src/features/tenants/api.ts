import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import { heard } from "../../shared/live/live.ts";
import { tell } from "../../shared/live/store.ts";
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
        matched: page.matched,
        next: page.next_cursor,
      };
    },
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** The counts of all tenants, whatever the list is narrowed to, and how many are overdue. */
export function useTotals() {
  const source = useSource();
  return useQuery({
    queryKey: ["counts", source],
    refetchInterval: 30_000,
    queryFn: async ({ signal }) => {
      const { schedules, counts, matched, version } = ok(
        await http.GET("/api/crm/import/{source}/schedules", {
          params: { path: { source }, query: { overdue: true, limit: 1 } },
          signal,
        }),
      );
      tell({ event: "read", schedules, counts, version });
      heard();
      return { counts, overdue: matched };
    },
  });
}
