import { useMay } from "./api/session.ts";
import { useLive } from "./live/live.ts";

/** Why nothing can be changed right now, or null where it can. */
export function useLocked(need: "operate" | "administer" = "operate"): string | null {
  const may = useMay();
  const { kind } = useLive();
  if (kind === "offline") return "Offline: commands are not kept for later";
  if (may.known && !may[need]) {
    return need === "operate" ? "You may only look: operator role needed" : "Admin role needed";
  }
  return null;
}
