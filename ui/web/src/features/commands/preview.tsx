import { useQuery } from "@tanstack/react-query";
import { http, newKey, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import { isTenant } from "../../shared/schedules/presets.ts";
import { count } from "../../shared/time/format.ts";
import { Stamp } from "../../shared/ui/time.tsx";
import { Failure } from "./delete.tsx";
import type { ScheduleRequest } from "./draft.ts";

/** The next slots of what the form proposes, and whom it shares them with. */
export function Preview({
  tenant,
  request,
  off,
  first,
  next,
}: {
  tenant: string;
  request: ScheduleRequest;
  off: boolean;
  /** A new schedule that runs right away. */
  first: boolean;
  /** When the schedule that is edited runs next, null where it does not; undefined for a new one. */
  next: number | null | undefined;
}) {
  const source = useSource();
  const timing = {
    ...(request.interval_sec == null ? {} : { interval_sec: request.interval_sec }),
    ...(request.cron ? { cron: request.cron, timezone: request.timezone } : {}),
    ...(request.jitter_sec == null ? {} : { jitter_sec: request.jitter_sec }),
  };
  const preview = useQuery({
    queryKey: ["preview", source, tenant, timing],
    enabled: !off && isTenant(tenant),
    retry: false,
    gcTime: 0,
    queryFn: async ({ signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 250));
      signal.throwIfAborted();
      return ok(
        await http.POST("/api/crm/import/{source}/schedule/preview", {
          params: {
            path: { source },
            query: { count: 5 },
            header: { "x-tenant": tenant, "idempotency-key": newKey() },
          },
          body: timing,
          signal,
        }),
      );
    },
  });
  if (preview.isError) return <Failure error={preview.error} />;
  if (!preview.data) {
    return off ? null : (
      <p className="preview faint">
        {isTenant(tenant) ? "Reading the next runs…" : "The next five runs are shown here."}
      </p>
    );
  }
  const { occurrences, exact } = preview.data;
  const begin = occurrences[0]?.starts;
  const moves = next != null && begin !== undefined && Math.abs(begin - next) >= 1;
  return (
    <div className="preview" aria-live="polite">
      <h3>{first ? "Runs right away, then" : exact ? "Next runs" : "Next runs, if saved now"}</h3>
      <ol>
        {occurrences.map(({ slot, starts, others }) => (
          <li key={slot}>
            <Stamp at={starts} />
            {others > 0 && <span className="herd">+{count(others)}</span>}
          </li>
        ))}
      </ol>
      <p className="faint">{load(occurrences.map(({ others }) => others))}</p>
      {next !== undefined && (
        <p className="faint">
          {next === null ? (
            "It has no next run as it stands. "
          ) : moves ? (
            <>
              The next run moves from <Stamp at={next} />.{" "}
            </>
          ) : (
            "The next run stays where it is. "
          )}
          History, pause and last status stay as they are.
        </p>
      )}
    </div>
  );
}

/** How much else starts with these runs, in words. */
export function load(others: readonly number[]): string {
  const most = Math.max(0, ...others);
  if (most === 0) return "No other tenant starts in the same second.";
  const [noun, verb] = most === 1 ? ["tenant", "starts"] : ["tenants", "start"];
  const isAlways = others.every((each) => each > 0);
  return `${count(most)} other ${noun} ${verb} in the same second${isAlways ? "" : " as one of these"}.`;
}
