import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { getPrefs, setPrefs } from "../shared/prefs.ts";
import { openDialog } from "../shared/ui/dialogs.ts";
import { isTyping } from "../shared/ui/keys.ts";

const places: Record<string, string> = {
  t: "/",
  l: "/timeline",
  a: "/audit",
  h: "/health",
  s: "/settings",
};

/** The keys that work everywhere. */
export function useKeys(refresh: () => void): void {
  const [path, navigate] = useLocation();
  const latest = useRef({ path, navigate, refresh });
  latest.current = { path, navigate, refresh };
  useEffect(() => {
    let going = 0;
    const onKeyDown = (event: KeyboardEvent) => {
      const { path, navigate, refresh } = latest.current;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        return openDialog({ kind: "palette" });
      }
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector("dialog[open]") || !getPrefs().keys)
        return;
      const place = places[event.key];
      if (Date.now() - going < 1000 && place) {
        going = 0;
        navigate(place);
      } else if (event.key === "g") {
        going = Date.now();
        return;
      } else if (event.key === "/") {
        if (path !== "/") navigate("/");
        setTimeout(() => document.getElementById("search")?.focus());
      } else if (event.key === "R") refresh();
      else if (event.key === "t") {
        const isDark = document.documentElement.dataset.theme === "dark";
        setPrefs({ theme: isDark ? "light" : "dark" });
      } else if (event.key === "?") openDialog({ kind: "keys" });
      else return;
      event.preventDefault();
    };
    // After the row's keys, which come first where a row has the focus.
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
}
