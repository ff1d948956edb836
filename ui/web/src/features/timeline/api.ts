import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import type { Schedule } from "../../shared/api/types.ts";
import { tell } from "../../shared/live/store.ts";

const EVERY = 15_000;
const PAGE = 1000;

/** How many runs start when, of all tenants: counted by the server. */
export function useTimeline(from: number, until: number, step: number) {
  const source = useSource();
  return useQuery({
    queryKey: ["timeline", source, from, until, step],
    refetchInterval: EVERY,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      ok(
        await http.GET("/api/crm/import/{source}/timeline", {
          params: {
            path: { source },
            query: { from: String(from), until: String(until), bucket_sec: step },
          },
          signal,
        }),
      ),
  });
}

/** The runs since then that did not end well: they are few, so the strip can show them exactly. */
export function useFailed(since: number) {
  const source = useSource();
  return useQuery({
    queryKey: ["runs", source, "failed", since],
    refetchInterval: EVERY,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(
        (["failed", "timed_out", "abandoned"] as const).map((state) =>
          http.GET("/api/crm/import/{source}/runs", {
            params: { path: { source }, query: { state, since: String(since), limit: PAGE } },
            signal,
          }),
        ),
      );
      return pages.flatMap((page) => ok(page).runs.map(({ started }) => ({ started })));
    },
  });
}

/** What ran in a stretch that was chosen, page by page. */
export function useRan(from: number, until: number, enabled: boolean) {
  const source = useSource();
  return useInfiniteQuery({
    queryKey: ["runs", source, "between", from, until],
    enabled,
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ signal, pageParam: cursor }) =>
      ok(
        await http.GET("/api/crm/import/{source}/runs", {
          params: {
            path: { source },
            query: {
              since: String(from),
              until: String(until),
              limit: 100,
              ...(cursor ? { cursor } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** The tenants, those due first; each further page is asked for by hand. */
export function useAhead() {
  const source = useSource();
  return useInfiniteQuery({
    queryKey: ["schedules-ahead", source],
    refetchInterval: 4 * EVERY,
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ signal, pageParam: cursor }) => {
      const { schedules, next_cursor, matched, version } = ok(
        await http.GET("/api/crm/import/{source}/schedules", {
          params: {
            path: { source },
            query: { sort: "next_run", limit: PAGE, ...(cursor ? { cursor } : {}) },
          },
          signal,
        }),
      );
      tell({ event: "read", schedules, version });
      return { schedules: schedules as readonly Schedule[], next: next_cursor, matched };
    },
    getNextPageParam: (page) => page.next ?? undefined,
  });
}
