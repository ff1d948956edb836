import { useEffect } from "react";

interface Badged {
  setAppBadge?(count: number): Promise<void>;
  clearAppBadge?(): Promise<void>;
}

const NS = "http://www.w3.org/2000/svg";

/** Shows how many tenants fail on the app's icon and in the tab. */
export function useBadge(failing: number): void {
  useEffect(() => {
    const badged = navigator as Badged;
    const done = failing > 0 ? badged.setAppBadge?.(failing) : badged.clearAppBadge?.();
    done?.catch(() => undefined);
    const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (link) link.href = failing > 0 ? withDot() : "/icon.svg";
  }, [failing]);
}

/** The icon with a red dot, as an address of its own. */
function withDot(): string {
  const svg = `<svg xmlns="${NS}" viewBox="0 0 512 512"><rect width="512" height="512" rx="112" fill="#0f172a"/><g fill="none" stroke-linecap="round" stroke-width="44"><path d="M256 96a160 160 0 1 1-139 81" stroke="#38bdf8"/><path d="M256 168v92l62 46" stroke="#f8fafc"/></g><circle cx="400" cy="112" r="100" fill="#ef4444"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
