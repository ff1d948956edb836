import { useQuery } from "@tanstack/react-query";
import { usePrefs } from "../prefs.ts";
import { http, ok } from "./http.ts";

export const capabilitiesQuery = {
  queryKey: ["capabilities"],
  queryFn: async ({ signal }: { signal: AbortSignal }) =>
    ok(await http.GET("/api/capabilities", { signal })),
  staleTime: 300_000,
};

export const whoamiQuery = {
  queryKey: ["whoami"],
  queryFn: async ({ signal }: { signal: AbortSignal }) =>
    ok(await http.GET("/api/whoami", { signal })),
  staleTime: 300_000,
  retry: false,
};

export function useCapabilities() {
  return useQuery(capabilitiesQuery).data;
}

/** The source whose schedules are shown. */
export function useSource(): string {
  const known = useCapabilities()?.sources;
  const { source } = usePrefs();
  if (source && (!known || known.includes(source))) return source;
  return known?.[0] ?? "acculynx";
}

/** What the person may do; the server decides again. */
export function useMay(): { operate: boolean; administer: boolean; known: boolean } {
  const { data } = useQuery(whoamiQuery);
  const administer = data?.role === "admin";
  return {
    administer,
    operate: administer || data?.role === "operator",
    known: data !== undefined,
  };
}
