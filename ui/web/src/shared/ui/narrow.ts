import { useSyncExternalStore } from "react";

// In em, as in the styles: larger text needs the narrow form sooner.
const narrow = matchMedia("(max-width: 53.6875em)");

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
