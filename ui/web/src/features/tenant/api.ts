import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import type { Run, RunState } from "../../shared/api/types.ts";
import { tell } from "../../shared/live/store.ts";
import type { Week } from "./figures.ts";

const DAY = 86_400;
const LATEST = 200;
/** Time zones differ by whole quarters of an hour, so that hours of any can be summed up. */
const STEP = 900;

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

/** The tenant's latest runs, for the chart and for how late they start. */
export function useLatestRuns(tenant: string) {
  const source = useSource();
  return useQuery({
    queryKey: ["runs", source, tenant, "latest"],
    staleTime: 5000,
    queryFn: async ({ signal }) => {
      const query = { tenant, limit: LATEST };
      const asked = { params: { path: { source }, query }, signal };
      return ok(await http.GET("/api/crm/import/{source}/runs", asked)).runs;
    },
  });
}

/** The tenant's runs of the last seven days, counted by the server in stretches of a quarter of an hour. */
export function useWeek(tenant: string, begin: number) {
  const source = useSource();
  return useQuery({
    queryKey: ["runs", source, tenant, "week", begin],
    staleTime: 15_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Week> => {
      const query = {
        tenant,
        from: String(begin),
        until: String(begin + 7 * DAY),
        bucket_sec: STEP,
      };
      const asked = { params: { path: { source }, query }, signal };
      const { buckets, ran_since } = ok(await http.GET("/api/crm/import/{source}/timeline", asked));
      return { buckets, since: ran_since };
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
