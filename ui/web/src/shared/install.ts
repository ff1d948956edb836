import { useSyncExternalStore } from "react";
import { setPrefs } from "./prefs.ts";

interface InstallEvent extends Event {
  prompt(): Promise<void>;
  userChoice: Promise<{ outcome: "accepted" | "dismissed" }>;
}

const MONTH = 30 * 86_400_000;

let offer: InstallEvent | null = null;
const listeners = new Set<() => void>();

function become(next: InstallEvent | null): void {
  offer = next;
  for (const listener of listeners) listener();
}

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  become(event as InstallEvent);
});
addEventListener("appinstalled", () => become(null));

/** The browser's offer to install the app, if it has made one. */
export function useInstall(): { install: () => void } | null {
  const event = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => offer,
  );
  if (!event) return null;
  return {
    async install() {
      await event.prompt();
      const { outcome } = await event.userChoice;
      if (outcome === "dismissed") setPrefs({ noInstallBefore: Date.now() + MONTH });
      become(null);
    },
  };
}

export function postponeInstall(): void {
  setPrefs({ noInstallBefore: Date.now() + MONTH });
}

export function isStandalone(): boolean {
  return matchMedia("(display-mode: standalone)").matches;
}

/** Whether this is Safari on a phone, which installs from its share sheet only. */
export function isIos(): boolean {
  return /iphone|ipad|ipod/i.test(navigator.userAgent);
}
