import { useEffect } from "react";
import { useCounts } from "../live/store.ts";

const NAME = "AetherLink Command Center";

/** Names the page for the window and for whoever hears it; how many tenants fail stands first. */
export function useTitle(title: string): void {
  const counts = useCounts();
  const failing = counts ? counts.error + counts.broken : 0;
  useEffect(() => {
    document.title = `${failing > 0 ? `(${failing}) ` : ""}${title} · ${NAME}`;
  }, [title, failing]);
}
