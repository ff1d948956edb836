import { useEffect } from "react";

const NAME = "AetherLink Command Center";

/** Names the page for the window and for whoever hears it. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${NAME}`;
  }, [title]);
}
