import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";

const EVERY = 15_000;
const LISTED = 100;

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

/** Who is due in a stretch, by name: the first so many. */
export function useAhead(from: number, until: number) {
  const source = useSource();
  return useQuery({
    queryKey: ["timeline", source, "starts", from, until],
    refetchInterval: EVERY,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const stretch = Math.min(86_400, Math.max(1, Math.ceil(until - from)));
      const query = {
        from: String(from),
        until: String(until),
        bucket_sec: stretch,
        starts: LISTED,
      };
      const asked = { params: { path: { source }, query }, signal };
      return ok(await http.GET("/api/crm/import/{source}/timeline", asked)).starts;
    },
  });
}
