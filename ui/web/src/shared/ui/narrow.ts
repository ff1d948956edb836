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

/** How much larger than usual the person wants text to be. Asked once: it is a setting of the browser. */
export const textScale = Math.max(
  1,
  Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 15 || 1,
);
