import { useEffect, useSyncExternalStore } from "react";

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

const WORKER = "/sw.js";

let waiting: ServiceWorker | null = null;
const listeners = new Set<() => void>();

function become(worker: ServiceWorker | null): void {
  waiting = worker;
  for (const listener of listeners) listener();
}

/** Lets the page load one script by its address, the worker's, and none besides. */
function allowWorker(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  trustedTypes?.createPolicy("default", {
    createScriptURL(url) {
      if (url !== WORKER) throw new TypeError("only the service worker is loaded by address");
      return url;
    },
  });
}

async function register(): Promise<void> {
  allowWorker();
  const registration = await navigator.serviceWorker.register(WORKER);
  const look = () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      // Without a worker at the helm this is the first visit, not an update.
      if (worker.state === "installed" && navigator.serviceWorker.controller) become(worker);
    });
  };
  if (registration.waiting && navigator.serviceWorker.controller) become(registration.waiting);
  registration.addEventListener("updatefound", look);
  setInterval(() => void registration.update().catch(() => undefined), 3_600_000);
}

export function useWorker(): { update: (() => void) | null } {
  useEffect(() => {
    if (import.meta.env.PROD && "serviceWorker" in navigator) {
      register().catch((error: unknown) => console.warn("no offline shell:", error));
    }
  }, []);
  const worker = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting,
  );
  if (!worker) return { update: null };
  return {
    update() {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), {
        once: true,
      });
      worker.postMessage({ type: "SKIP_WAITING" });
    },
  };
}
