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

export interface Week {
  /** Newest first, up to a thousand. */
  runs: Run[];
  /** From when on all runs are among them; epoch seconds. */
  since: number;
  /** Whether that is all seven days. */
  isWhole: boolean;
  /** Those of all seven days that did not end well. */
  bad: Run[];
}

const badStates = ["failed", "timed_out", "abandoned"] as const;

/** The tenant's runs of the last seven days: the latest, and all that failed. */
export function useWeekOfRuns(tenant: string) {
  const source = useSource();
  return useQuery({
    queryKey: ["runs", source, tenant, "week"],
    staleTime: 5000,
    queryFn: async ({ signal }): Promise<Week> => {
      const begin = Math.floor(Date.now() / 1000 - 7 * DAY);
      const ask = async (query: { state?: RunState }) =>
        ok(
          await http.GET("/api/crm/import/{source}/runs", {
            params: {
              path: { source },
              query: { tenant, since: String(begin), limit: 1000, ...query },
            },
            signal,
          }),
        );
      const { runs, next_cursor } = await ask({});
      if (next_cursor === null) {
        const bad = runs.filter(({ state }) => badStates.some((each) => each === state));
        return { runs, since: begin, isWhole: true, bad };
      }
      // Too many to read them all: failures are few, and what matters.
      const pages = await Promise.all(badStates.map((state) => ask({ state })));
      const since = runs.at(-1)?.started ?? begin;
      return { runs, since, isWhole: false, bad: pages.flatMap((page) => page.runs) };
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
