import { useSyncExternalStore } from "react";

const narrow = matchMedia("(max-width: 859px)");

/** Whether the screen is too narrow for tables: they become cards. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener("change", listener);
      return () => narrow.removeEventListener("change", listener);
    },
    () => narrow.matches,
  );
}
