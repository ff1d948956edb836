import { useSyncExternalStore } from "react";
import type { Zone } from "./time/format.ts";

export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";

/** The columns of the list of tenants that may be left out; name and actions always stay. */
export const columns = ["state", "next", "last", "stats", "spark", "interval"] as const;
export type Column = (typeof columns)[number];

export interface Prefs {
  theme: Theme;
  zone: Zone;
  density: Density;
  hidden: readonly Column[];
  /** Single-letter shortcuts. */
  keys: boolean;
  /** Seconds between polls, 0 for only by hand; null follows the host. */
  refreshSec: number | null;
  source: string | null;
  /** Until when not to offer the installation, in epoch milliseconds. */
  noInstallBefore: number;
}

const fresh: Prefs = {
  theme: "system",
  zone: "utc",
  density: "comfortable",
  hidden: [],
  keys: true,
  refreshSec: null,
  source: null,
  noInstallBefore: 0,
};

function read(): Prefs {
  try {
    return { ...fresh, ...(JSON.parse(localStorage.getItem("prefs") ?? "{}") as Partial<Prefs>) };
  } catch {
    return fresh;
  }
}

/** A link may name the zone in which its times were read: it counts for this visit alone. */
function linkedZone(): Partial<Prefs> {
  const zone = new URLSearchParams(location.search).get("tz");
  return zone === "utc" || zone === "local" ? { zone } : {};
}

let prefs = { ...read(), ...linkedZone() };
const listeners = new Set<() => void>();

function apply(): void {
  const dark =
    prefs.theme === "dark" ||
    (prefs.theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.documentElement.dataset.density = prefs.density;
  document
    .querySelector("meta[name=theme-color]")
    ?.setAttribute("content", dark ? "#0f172a" : "#f8fafc");
}

export function setPrefs(part: Partial<Prefs>): void {
  prefs = { ...prefs, ...part };
  try {
    localStorage.setItem("prefs", JSON.stringify(prefs));
    localStorage.setItem("theme", prefs.theme);
  } catch {
    // They hold for this visit then.
  }
  apply();
  for (const listener of listeners) listener();
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => prefs,
  );
}

export function getPrefs(): Prefs {
  return prefs;
}

export function watchSystemTheme(): void {
  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}
