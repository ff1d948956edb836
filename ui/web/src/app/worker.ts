import { useSyncExternalStore } from "react";

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

const WORKER = "/sw.js";

/** Goes over to the new version, where there is one. */
let update: (() => void) | null = null;
const listeners = new Set<() => void>();

function become(next: () => void): void {
  update = next;
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
  const { serviceWorker } = navigator;
  // Without a worker at the helm this is the first visit, and what comes is no update.
  let isUpdate = serviceWorker.controller !== null;
  const registration = await serviceWorker.register(WORKER);
  const offer = (worker: ServiceWorker) => {
    become(() => {
      serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
      worker.postMessage({ type: "SKIP_WAITING" });
    });
  };
  if (registration.waiting && isUpdate) offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && serviceWorker.controller) offer(worker);
    });
  });
  serviceWorker.addEventListener("controllerchange", () => {
    // Another tab has gone over, and has taken this one along: only a reload is left to do.
    if (isUpdate) become(() => location.reload());
    isUpdate = true;
  });
  setInterval(() => void registration.update().catch(() => undefined), 3_600_000);
}

/** Keeps the shell for offline, once the page has what it needs for itself. */
export function startWorker(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const start = () => {
    register().catch((error: unknown) => console.warn("no offline shell:", error));
  };
  if (document.readyState === "complete") start();
  else addEventListener("load", start, { once: true });
}

export function useUpdate(): (() => void) | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => update,
  );
}
