import { useEffect, useState, useSyncExternalStore } from "react";
import { explained } from "../api/problem.ts";
import { Icon } from "./icons.tsx";

export interface Toast {
  id: number;
  tone: "ok" | "error" | "info";
  title: string;
  detail?: string;
  action?: { label: string; run: () => void };
}

let toasts: readonly Toast[] = [];
let last = 0;
const MOST = 3;
const listeners = new Set<() => void>();

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function toast(made: Omit<Toast, "id">): void {
  last += 1;
  const next = [...toasts, { ...made, id: last }];
  // What went wrong stays longest: the oldest good news makes room first.
  while (next.length > MOST) {
    const good = next.findIndex(({ tone }) => tone !== "error");
    next.splice(good < 0 || good === next.length - 1 ? 0 : good, 1);
  }
  change(next);
}

/** Tells of a failure, with a way to try again or to do something else about it. */
export function toastError(
  what: string,
  error: unknown,
  way?: (() => void) | NonNullable<Toast["action"]>,
): void {
  const { title, detail, requestId } = explained(error);
  toast({
    tone: "error",
    title: `${what}: ${title}`,
    detail: requestId ? `${detail} (request ${requestId})` : detail,
    action: typeof way === "function" ? { label: "Retry", run: way } : way,
  });
}

export function dismiss(id: number): void {
  change(toasts.filter((toast) => toast.id !== id));
}

export function Toasts() {
  const all = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <section className="toasts" aria-label="Messages">
      <div aria-live="polite">
        {all.map((toast) => (
          <Card key={toast.id} toast={toast} />
        ))}
      </div>
    </section>
  );
}

function Card({ toast }: { toast: Toast }) {
  const [held, setHeld] = useState(false);
  const stays = toast.tone === "error" || held;
  useEffect(() => {
    if (stays) return;
    const timer = setTimeout(() => dismiss(toast.id), 6000);
    return () => clearTimeout(timer);
  }, [stays, toast.id]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: holding a message still is no action of its own
    <div
      className="toast"
      data-tone={toast.tone}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Icon name={toast.tone === "error" ? "cross" : "check"} />
      <div className="toast-text">
        <strong>{toast.title}</strong>
        {toast.detail && <p>{toast.detail}</p>}
      </div>
      {toast.action && (
        <button
          type="button"
          className="button small"
          onClick={() => {
            dismiss(toast.id);
            toast.action?.run();
          }}
        >
          {toast.action.label}
        </button>
      )}
      <button
        type="button"
        className="icon-button"
        aria-label={`Dismiss: ${toast.title}`}
        onClick={() => dismiss(toast.id)}
      >
        <Icon name="cross" />
      </button>
    </div>
  );
}
