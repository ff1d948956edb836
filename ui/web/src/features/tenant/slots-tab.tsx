import type { components } from "../../shared/api/schema.d.ts";
import { Entry } from "../../shared/audit/trail.tsx";
import { count, every, plural } from "../../shared/time/format.ts";
import { Empty, Failed, Loading } from "../../shared/ui/faces.tsx";
import { Countdown, Stamp } from "../../shared/ui/time.tsx";
import { WindowFields } from "../../shared/ui/window-fields.tsx";
import { useParamsState } from "../../shared/url.ts";
import { useExplain, useOccurrences } from "./api.ts";

type Disposition = components["schemas"]["Disposition"];

const words: Record<Disposition, { word: string; tone: string }> = {
  ran: { word: "Ran on time", tone: "ok" },
  ran_late: { word: "Ran late", tone: "warn" },
  coalesced: { word: "Served by a later slot's run", tone: "never" },
  skipped_overlap: { word: "Skipped: a run was in flight", tone: "warn" },
  skipped_catch_up: { word: "Missed, not caught up with", tone: "warn" },
  paused: { word: "Paused", tone: "paused" },
  outside_bounds: { word: "Outside start and end", tone: "never" },
  broken: { word: "Breaker was open", tone: "error" },
  rate_limited: { word: "Upstream asked to wait", tone: "warn" },
  deleted: { word: "Schedule was deleted", tone: "never" },
};

/** A choice of this device's time, as the API reads it. */
function instant(text: string | null): string {
  const time = new Date(text ?? "");
  return text && !Number.isNaN(time.getTime()) ? time.toISOString() : "";
}

/** Why it did or did not run, and what became of every slot. */
export default function SlotsTab({ tenant }: { tenant: string }) {
  return (
    <div className="stack">
      <Explain tenant={tenant} />
      <Slots tenant={tenant} />
    </div>
  );
}

function Explain({ tenant }: { tenant: string }) {
  const [params, change] = useParamsState();
  const why = useExplain(tenant, instant(params.get("at")));
  return (
    <section className="card" aria-labelledby="explain">
      <div className="section-head">
        <h2 id="explain">Why did it (not) run?</h2>
        <label className="inline-field">
          <span>At</span>
          <input
            type="datetime-local"
            value={params.get("at") ?? ""}
            onChange={({ target }) => change({ at: target.value })}
          />
        </label>
      </div>
      {why.isPending && <Loading label="the explanation" rows={1} />}
      {why.isError && <Failed error={why.error} onRetry={() => void why.refetch()} />}
      {why.data && (
        <>
          <p className="verdict">
            At <Stamp at={why.data.at} />: {why.data.summary}.
          </p>
          {why.data.blocked_by.length > 0 && (
            <>
              <h3>What holds it back now</h3>
              <ul className="blocks">
                {why.data.blocked_by.map((block) => (
                  <li key={block.kind}>
                    <span className="badge" data-tone="warn">
                      {block.kind.replace("_", " ")}
                    </span>{" "}
                    {block.detail}
                    {block.until !== null && (
                      <>
                        {" "}
                        (ends in <Countdown due={block.until} />)
                      </>
                    )}
                  </li>
                ))}
              </ul>
            </>
          )}
          <p>
            {why.data.next_run === null ? (
              "It does not run by itself as things stand."
            ) : (
              <>
                It runs next in <Countdown due={why.data.next_run} />, at{" "}
                <Stamp at={why.data.next_run} />.
              </>
            )}
          </p>
          {why.data.audit && (
            <>
              <h3>The command behind it</h3>
              <ul>
                <Entry entry={why.data.audit} ofTenant />
              </ul>
            </>
          )}
        </>
      )}
    </section>
  );
}

function Slots({ tenant }: { tenant: string }) {
  const [params] = useParamsState();
  const slots = useOccurrences(tenant, instant(params.get("since")), instant(params.get("until")));
  const sums = new Map<Disposition, number>();
  for (const { disposition, count } of slots.data?.occurrences ?? []) {
    sums.set(disposition, (sums.get(disposition) ?? 0) + count);
  }
  const total = slots.data?.total ?? 0;
  return (
    <section className="card" aria-labelledby="slots">
      <div className="section-head">
        <h2 id="slots">Every slot accounted for</h2>
        <span className="toolbar tight">
          <WindowFields />
        </span>
      </div>
      {slots.isPending && <Loading label="slots" rows={3} />}
      {slots.isError && <Failed error={slots.error} onRetry={() => void slots.refetch()} />}
      {slots.data && total === 0 && (
        <Empty title="No slots">
          <p>No slot fell into this window.</p>
        </Empty>
      )}
      {slots.data && total > 0 && (
        <>
          <p className="faint">
            {plural(total, "slot")} from <Stamp at={slots.data.since} /> to{" "}
            <Stamp at={slots.data.until} />
            {params.has("since") ? "" : " (the last day)"}.
          </p>
          <svg
            className="proportion"
            viewBox="0 0 1000 14"
            preserveAspectRatio="none"
            aria-hidden="true"
          >
            <Parts sums={sums} total={total} />
          </svg>
          <ul className="sums">
            {[...sums].map(([disposition, sum]) => (
              <li key={disposition}>
                <span className="swatch" data-tone={words[disposition].tone} />
                <strong className="number">{count(sum)}</strong> {words[disposition].word}
              </li>
            ))}
            {slots.data.pending > 0 && (
              <li>
                <span className="swatch" data-tone="running" />
                <strong className="number">{count(slots.data.pending)}</strong> Waiting to run
              </li>
            )}
          </ul>
          <table className="data">
            <thead>
              <tr>
                <th scope="col">What became of them</th>
                <th scope="col">First</th>
                <th scope="col">Last</th>
                <th scope="col" className="number">
                  Slots
                </th>
                <th scope="col">Rate</th>
              </tr>
            </thead>
            <tbody>
              {slots.data.occurrences.toReversed().map((range) => (
                <tr key={`${range.first} ${range.disposition}`}>
                  <td data-label="What">
                    <span className="badge" data-tone={words[range.disposition].tone}>
                      {words[range.disposition].word}
                    </span>
                  </td>
                  <td data-label="First">
                    <Stamp at={range.first} />
                  </td>
                  <td data-label="Last">
                    <Stamp at={range.last} />
                  </td>
                  <td data-label="Slots" className="number">
                    {count(range.count)}
                  </td>
                  <td data-label="Rate">
                    {range.interval_sec === null ? range.cron : every(range.interval_sec)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}

function Parts({ sums, total }: { sums: Map<Disposition, number>; total: number }) {
  let x = 0;
  return [...sums].map(([disposition, sum]) => {
    const width = (1000 * sum) / total;
    const part = (
      <rect
        key={disposition}
        className="part"
        data-tone={words[disposition].tone}
        x={x}
        y="0"
        width={Math.max(width, 2)}
        height="14"
      />
    );
    x += width;
    return part;
  });
}
