import { useEffect, useMemo } from "react";
import { http, ok } from "../../shared/api/http.ts";
import { isKnown, putBeats, RUNS, useGeneration } from "../../shared/live/beats.ts";

/** How many tenants are asked for at once, at most. */
const ASKED = 100;

/** Asks for the runs of those tenants that are in view and not known yet, all at once. */
export function useWantedBeats(source: string, tenants: readonly string[]): void {
  const wanted = tenants.join(",");
  const generation = useGeneration();
  const all = useMemo(() => wanted.split(",").filter(Boolean), [wanted]);
  useEffect(() => {
    const ended = new AbortController();
    const look = async () => {
      const missing = all.filter((tenant) => !isKnown(tenant)).slice(0, ASKED);
      if (missing.length === 0 || document.visibilityState === "hidden") return;
      const { latest } = ok(
        await http.GET("/api/crm/import/{source}/runs/latest", {
          params: { path: { source }, query: { tenants: missing.join(","), each: RUNS } },
          signal: ended.signal,
        }),
      );
      putBeats(generation, latest);
    };
    // The list itself says when the server can not be reached.
    const quietly = () => void look().catch(() => undefined);
    // Who scrolls past is not asked for.
    const soon = setTimeout(quietly, 120);
    const again = setInterval(quietly, 15_000);
    return () => {
      clearTimeout(soon);
      clearInterval(again);
      ended.abort();
    };
  }, [source, all, generation]);
}
