import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { http, ok } from "../api/http.ts";
import { useSource } from "../api/session.ts";
import type { AuditEntry, AuditOperation } from "../api/types.ts";
import { count } from "../time/format.ts";
import { Empty, Failed, Loading, More, StaleNote } from "../ui/faces.tsx";
import { Icon } from "../ui/icons.tsx";
import { Ago } from "../ui/time.tsx";
import { tenantPath } from "../url.ts";
import { differences, flat } from "./diff.ts";

export const operations: readonly AuditOperation[] = [
  "schedule",
  "edit",
  "pause",
  "resume",
  "run-now",
  "cancel",
  "delete",
  "bulk",
  "connection",
  "token",
  "auto-pause",
  "auto-resume",
  "denied",
];

export interface TrailFilter {
  tenant?: string;
  operation?: AuditOperation;
  actor?: string;
  since?: string;
  until?: string;
}

const PAGE = 50;
const EVERY = 15_000;

export function useTrail(filter: TrailFilter) {
  const source = useSource();
  return useInfiniteQuery({
    queryKey: ["audit", source, filter],
    initialPageParam: undefined as string | undefined,
    refetchInterval: EVERY,
    queryFn: async ({ signal, pageParam: cursor }) =>
      ok(
        await http.GET("/api/crm/import/{source}/audit", {
          params: {
            path: { source },
            query: { ...filter, limit: PAGE, ...(cursor ? { cursor } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** The address of the whole trail as a file. */
export function exportPath(
  source: string,
  filter: TrailFilter,
  format: "csv" | "json" | "ndjson",
): string {
  const query = new URLSearchParams({ format, ...filter });
  return `/api/crm/import/${encodeURIComponent(source)}/audit/export?${query}`;
}

export function ExportLinks({ filter }: { filter: TrailFilter }) {
  const source = useSource();
  const stamp = new Date().toISOString().slice(0, 16).replace(/[-:]/g, "");
  const what = Object.values(filter)
    .join("-")
    .replace(/[^a-z0-9._-]+/gi, "_");
  return (
    <div className="export" role="group" aria-label="Export">
      {(["csv", "json", "ndjson"] as const).map((format) => (
        <a
          key={format}
          className="button small"
          href={exportPath(source, filter, format)}
          download={`audit${what ? `-${what}` : ""}-${stamp}Z.${format}`}
        >
          <Icon name="download" />
          {format.toUpperCase()}
        </a>
      ))}
    </div>
  );
}

/** The entries of the trail, newest first, in a box of their own. */
export function Trail({ filter, ofTenant = false }: { filter: TrailFilter; ofTenant?: boolean }) {
  const trail = useTrail(filter);
  const box = useRef<HTMLElement>(null);
  const [down, setDown] = useState(false);
  const all = trail.data?.pages.flatMap((page) => page.audit) ?? [];
  const newest = all[0]?.id ?? null;
  const [top, setTop] = useState<string | null>(null);
  // While somebody reads further down, what is new waits above.
  useEffect(() => {
    if (!down || top === null) setTop(newest);
  }, [down, newest, top]);
  const from = down
    ? Math.max(
        0,
        all.findIndex((entry) => entry.id === top),
      )
    : 0;

  if (trail.isPending) return <Loading label="audit entries" rows={10} />;
  if (trail.isError && all.length === 0) {
    return <Failed error={trail.error} onRetry={() => void trail.refetch()} />;
  }
  if (all.length === 0) {
    return (
      <Empty title="No entries">
        <p>Each command that is accepted leaves an entry here. None fits this filter.</p>
      </Empty>
    );
  }
  const total = trail.data?.pages[0]?.total ?? all.length;
  const seen = new Set<string>();
  return (
    <>
      {trail.isError && <StaleNote error={trail.error} onRetry={() => void trail.refetch()} />}
      <div className="trail-frame">
        {from > 0 && (
          <button
            type="button"
            className="button primary small new-entries"
            onClick={() => {
              setTop(newest);
              box.current?.scrollTo({ top: 0 });
            }}
          >
            {count(from)} new
          </button>
        )}
        <section
          ref={box}
          className="trail"
          aria-label="Audit entries"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by keyboard
          tabIndex={0}
          onScroll={({ currentTarget }) => setDown(currentTarget.scrollTop > 40)}
        >
          <ul>
            {all.slice(from).map((entry) => {
              if (seen.has(entry.id)) return null;
              seen.add(entry.id);
              return <Entry key={entry.id} entry={entry} ofTenant={ofTenant} />;
            })}
          </ul>
        </section>
      </div>
      <More
        has={trail.hasNextPage}
        busy={trail.isFetchingNextPage}
        onMore={() => void trail.fetchNextPage()}
        shown={all.length}
        noun="entry"
        nouns="entries"
      />
      <p className="faint">
        {count(total)} in all, refreshed every 15 s. Nothing is ever dropped: older entries load by
        page.
      </p>
    </>
  );
}

const tones: Partial<Record<AuditOperation, string>> = {
  delete: "error",
  denied: "error",
  "auto-pause": "warn",
  pause: "paused",
  cancel: "paused",
  resume: "ok",
  "auto-resume": "ok",
  "run-now": "running",
  schedule: "running",
  bulk: "warn",
};

export function Entry({ entry, ofTenant }: { entry: AuditEntry; ofTenant: boolean }) {
  const metadata = flat(entry.metadata);
  const changes = differences(entry.before, entry.after);
  const more = changes.length > 0 || metadata.length > 0 || entry.request_id;
  return (
    <li className="entry">
      <div className="entry-line">
        <span className="badge" data-tone={tones[entry.operation] ?? "never"}>
          {entry.operation}
        </span>
        {!ofTenant &&
          (entry.tenant ? (
            <Link href={tenantPath(entry.tenant)}>{entry.tenant}</Link>
          ) : (
            <span className="faint">control plane</span>
          ))}
        <span className="entry-who">
          {entry.actor}{" "}
          <span className="faint">
            ({entry.role}, {entry.source})
          </span>
        </span>
        <span className="entry-when">
          <span className="iso">{entry.ts_iso.replace(/\.\d+Z$/, "Z")}</span>
          <Ago at={entry.ts} />
        </span>
      </div>
      {more && (
        <details>
          <summary>
            {changes.length > 0
              ? changes
                  .map(({ name }) => name)
                  .slice(0, 4)
                  .join(", ")
              : metadata
                  .map(([name, value]) => `${name}: ${value}`)
                  .slice(0, 2)
                  .join(", ") || "Details"}
          </summary>
          <dl className="pairs">
            {changes.map(({ name, before, after }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <del>{before}</del> <span aria-hidden="true">→</span> <ins>{after}</ins>
                </dd>
              </div>
            ))}
            {metadata.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
            {entry.request_id && (
              <div>
                <dt>request</dt>
                <dd>
                  <code>{entry.request_id}</code>
                </dd>
              </div>
            )}
          </dl>
        </details>
      )}
    </li>
  );
}
