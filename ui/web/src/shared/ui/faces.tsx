import type { ReactNode } from "react";
import { explained } from "../api/problem.ts";
import { useReachable } from "../api/reach.ts";
import { plural } from "../time/format.ts";

/** What a list shows while it loads: rows of the height that the real ones will have. */
export function Loading({ rows = 6, label }: { rows?: number; label: string }) {
  const isComing = useReachable();
  if (!isComing) {
    return (
      <Empty title="Not kept for offline">
        <p>This is read as soon as the server can be reached.</p>
      </Empty>
    );
  }
  return (
    <div className="face-loading" role="status" aria-label={`Loading ${label}`}>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <div className="skeleton" key={index} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="face">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, detail, requestId } = explained(error);
  return (
    <div className="face" data-tone="error" role="alert">
      <h2>{title}</h2>
      <p>{detail}</p>
      {requestId && (
        <p className="faint">
          Request <code>{requestId}</code>
        </p>
      )}
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          Retry
        </button>
      )}
    </div>
  );
}

/** Says above old rows that newer ones could not be read. */
export function StaleNote({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { title, detail } = explained(error);
  return (
    <p className="note" data-tone="error" role="alert">
      <strong>{title}.</strong> {detail} What you see was read before.{" "}
      <button type="button" className="link" onClick={onRetry}>
        Retry
      </button>
    </p>
  );
}

export function More({
  has,
  busy,
  onMore,
  shown,
  noun,
  nouns = `${noun}s`,
}: {
  has: boolean;
  busy: boolean;
  onMore: () => void;
  shown: number;
  noun: string;
  nouns?: string;
}) {
  return (
    <div className="more">
      <span className="faint">
        {plural(shown, noun, nouns)}
        {has && " so far"}
      </span>
      {has && (
        <button type="button" className="button" disabled={busy} onClick={onMore}>
          {busy ? "Loading…" : "Load older"}
        </button>
      )}
    </div>
  );
}
