import { useReachable } from "./api/reach.ts";
import { useMay } from "./api/session.ts";

/** Why nothing can be changed right now, or null where it can. */
export function useLocked(need: "operate" | "administer" = "operate"): string | null {
  const may = useMay();
  const reachable = useReachable();
  if (!reachable) return "Offline: commands are not kept for later";
  if (may.known && !may[need]) {
    return need === "operate" ? "You may only look: operator role needed" : "Admin role needed";
  }
  return null;
}
