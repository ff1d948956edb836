import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import type { Run, RunState } from "../../shared/api/types.ts";
import { tell } from "../../shared/live/store.ts";

const DAY = 86_400;

export function useTenant(tenant: string) {
  const source = useSource();
  return useQuery({
    queryKey: ["tenant", tenant, "schedule", source],
    refetchInterval: 60_000,
    queryFn: async ({ signal }) => {
      const { schedule } = ok(
        await http.GET("/api/crm/import/{source}/schedule", {
          params: { path: { source }, header: { "x-tenant": tenant } },
          signal,
        }),
      );
      tell({ event: "read", schedules: [schedule] });
      return schedule;
    },
  });
}

export function useUpcoming(tenant: string, count: number, enabled: boolean) {
  const source = useSource();
  return useQuery({
    queryKey: ["tenant", tenant, "upcoming", source, count],
    enabled,
    refetchInterval: 60_000,
    queryFn: async ({ signal }) =>
      ok(
        await http.GET("/api/crm/import/{source}/schedule/preview", {
          params: { path: { source }, query: { count }, header: { "x-tenant": tenant } },
          signal,
        }),
      ),
  });
}

/** The tenant's runs of the last seven days, newest first, up to a thousand. */
export function useWeekOfRuns(tenant: string) {
  const source = useSource();
  return useQuery({
    queryKey: ["runs", source, tenant, "week"],
    staleTime: 5000,
    queryFn: async ({ signal }) => {
      const since = String(Math.floor(Date.now() / 1000 - 7 * DAY));
      const page = ok(
        await http.GET("/api/crm/import/{source}/runs", {
          params: { path: { source }, query: { tenant, since, limit: 1000 } },
          signal,
        }),
      );
      return { runs: page.runs, isWhole: page.next_cursor === null };
    },
  });
}

export interface RunFilter {
  state?: RunState;
  trigger?: Run["trigger"];
}

export function useRuns(tenant: string, filter: RunFilter) {
  const source = useSource();
  return useInfiniteQuery({
    queryKey: ["runs", source, tenant, "list", filter],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ signal, pageParam: cursor }) =>
      ok(
        await http.GET("/api/crm/import/{source}/runs", {
          params: {
            path: { source },
            query: { tenant, ...filter, limit: 50, ...(cursor ? { cursor } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

export function useOccurrences(tenant: string, since: string, until: string) {
  const source = useSource();
  return useQuery({
    queryKey: ["tenant", tenant, "occurrences", source, since, until],
    refetchInterval: 30_000,
    queryFn: async ({ signal }) =>
      ok(
        await http.GET("/api/crm/import/{source}/occurrences", {
          params: {
            path: { source },
            query: { limit: 1000, ...(since ? { since } : {}), ...(until ? { until } : {}) },
            header: { "x-tenant": tenant },
          },
          signal,
        }),
      ),
  });
}

export function useExplain(tenant: string, at: string) {
  const source = useSource();
  return useQuery({
    queryKey: ["tenant", tenant, "explain", source, at],
    refetchInterval: at === "" ? 15_000 : false,
    queryFn: async ({ signal }) =>
      ok(
        await http.GET("/api/crm/import/{source}/explain", {
          params: { path: { source }, query: at ? { at } : {}, header: { "x-tenant": tenant } },
          signal,
        }),
      ),
  });
}
