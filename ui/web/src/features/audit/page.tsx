import type { AuditOperation } from "../../shared/api/types.ts";
import { ExportLinks, operations, Trail, type TrailFilter } from "../../shared/audit/trail.tsx";
import { Debounced } from "../../shared/ui/debounced.tsx";
import { useNarrow } from "../../shared/ui/narrow.ts";
import { useTitle } from "../../shared/ui/title.ts";
import { WindowFields } from "../../shared/ui/window-fields.tsx";
import { useParamsState } from "../../shared/url.ts";
import { Verify } from "./verify.tsx";

const names = ["tenant", "actor", "since", "until"] as const;

export function readTrailFilter(params: URLSearchParams): TrailFilter {
  const filter: TrailFilter = {};
  const operation = operations.find((known) => known === params.get("operation"));
  if (operation) filter.operation = operation;
  for (const name of names) {
    const text = params.get(name)?.trim();
    if (!text) continue;
    // Days and minutes are chosen in this device's time.
    if (name === "since" || name === "until") {
      const time = new Date(text);
      if (!Number.isNaN(time.getTime())) filter[name] = time.toISOString();
    } else filter[name] = text;
  }
  return filter;
}

export default function AuditPage() {
  useTitle("Audit");
  const [params, change] = useParamsState();
  const filter = readTrailFilter(params);
  const isPhone = useNarrow();
  const isNarrow = Object.keys(filter).length > 0;
  return (
    <>
      <div className="page-head">
        <h1 tabIndex={-1}>Audit</h1>
        <div className="page-actions">
          <Verify />
          <ExportLinks filter={filter} />
        </div>
      </div>
      <form
        className="toolbar"
        role="search"
        aria-label="Audit"
        onSubmit={(e) => e.preventDefault()}
      >
        <details className="fold" open={!isPhone || isNarrow}>
          <summary className="button">Filters</summary>
          <div className="toolbar tight audit-filters">
            <label className="inline-field">
              <span>Tenant</span>
              <Debounced
                value={params.get("tenant") ?? ""}
                placeholder="any"
                onChange={(tenant) => change({ tenant })}
              />
            </label>
            <label className="inline-field">
              <span>Operation</span>
              <select
                value={filter.operation ?? ""}
                onChange={({ target }) => change({ operation: target.value as AuditOperation })}
              >
                <option value="">any</option>
                {operations.map((operation) => (
                  <option key={operation}>{operation}</option>
                ))}
              </select>
            </label>
            <label className="inline-field">
              <span>Actor</span>
              <Debounced
                value={params.get("actor") ?? ""}
                placeholder="any"
                onChange={(actor) => change({ actor })}
              />
            </label>
            <WindowFields />
            {isNarrow && (
              <button
                type="button"
                className="link"
                onClick={() =>
                  change({ tenant: null, operation: null, actor: null, since: null, until: null })
                }
              >
                Clear
              </button>
            )}
          </div>
        </details>
      </form>
      <Trail key={JSON.stringify(filter)} filter={filter} />
    </>
  );
}
