import { useInfiniteQuery } from "@tanstack/react-query";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import { copy } from "../../shared/ui/copy.ts";
import { Empty, Failed, Loading, More, StaleNote } from "../../shared/ui/faces.tsx";
import { Icon } from "../../shared/ui/icons.tsx";
import { Ago, Stamp } from "../../shared/ui/time.tsx";
import { useParamsState } from "../../shared/url.ts";
import { openExport } from "./export.ts";

const kinds = ["jobs", "contacts"] as const;

/** What was imported for this tenant, as it is kept. */
export default function RecordsTab({ tenant }: { tenant: string }) {
  const source = useSource();
  const [params, change] = useParamsState();
  const entity = kinds.find((kind) => kind === params.get("entity"));
  const records = useInfiniteQuery({
    queryKey: ["records", source, tenant, entity],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ signal, pageParam: cursor }) =>
      ok(
        await http.GET("/api/crm/import/{source}/records", {
          params: {
            path: { source },
            query: { limit: 50, ...(entity ? { entity } : {}), ...(cursor ? { cursor } : {}) },
            header: { "x-tenant": tenant },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const all = records.data?.pages.flatMap((page) => page.records) ?? [];
  return (
    <>
      <div className="section-head">
        <label className="inline-field">
          <span>Kind</span>
          <select value={entity ?? ""} onChange={({ target }) => change({ entity: target.value })}>
            <option value="">all</option>
            {kinds.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
        </label>
        <div className="export" role="group" aria-label="Export">
          {(["csv", "ndjson"] as const).map((format) => (
            <button
              key={format}
              type="button"
              className="button small"
              onClick={() => void openExport(source, tenant, entity, format)}
            >
              <Icon name="download" />
              {format.toUpperCase()}
            </button>
          ))}
        </div>
      </div>
      {records.isPending ? (
        <Loading label="records" />
      ) : records.isError && all.length === 0 ? (
        <Failed error={records.error} onRetry={() => void records.refetch()} />
      ) : all.length === 0 ? (
        <Empty title="No records">
          <p>Nothing was imported for this tenant{entity ? ` of kind ${entity}` : ""} so far.</p>
        </Empty>
      ) : (
        <>
          {records.isError && (
            <StaleNote error={records.error} onRetry={() => void records.refetch()} />
          )}
          <ul className="records">
            {all.map((record) => {
              const text = JSON.stringify(record.data, null, 2);
              return (
                <li key={`${record.entity} ${record.external_id}`}>
                  <details>
                    <summary>
                      <span className="tag">{record.entity}</span>
                      <span className="mono record-id">{record.external_id}</span>
                      {record.gone && (
                        <span className="badge" data-tone="warn">
                          gone upstream
                        </span>
                      )}
                      <span className="record-when faint">
                        changed here <Ago at={record.imported_at} />
                      </span>
                    </summary>
                    <p className="faint">
                      Changed upstream <Stamp at={record.modified} />, here{" "}
                      <Stamp at={record.imported_at} />{" "}
                      <button type="button" className="link" onClick={() => void copy(text)}>
                        Copy
                      </button>
                    </p>
                    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: text that scrolls has to be reached */}
                    <pre className="example" tabIndex={0}>
                      {text}
                    </pre>
                  </details>
                </li>
              );
            })}
          </ul>
          <More
            has={records.hasNextPage}
            busy={records.isFetchingNextPage}
            onMore={() => void records.fetchNextPage()}
            shown={all.length}
            noun="record"
          />
        </>
      )}
    </>
  );
}
