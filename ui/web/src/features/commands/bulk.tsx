import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { http, newKey, ok, sent } from "../../shared/api/http.ts";
import type { components } from "../../shared/api/schema.d.ts";
import { useCapabilities, useSource } from "../../shared/api/session.ts";
import { presets } from "../../shared/schedules/presets.ts";
import { count, every, plural } from "../../shared/time/format.ts";
import type { BulkOperation, BulkPick } from "../../shared/ui/dialogs.ts";
import { Failed } from "../../shared/ui/faces.tsx";
import { Modal } from "../../shared/ui/modal.tsx";
import { Failure } from "./delete.tsx";

type BulkAnswer = components["schemas"]["BulkAnswer"];

const verbs: Record<BulkOperation, { doing: string; ask: string; done: string }> = {
  pause: { doing: "Pausing", ask: "Pause", done: "paused" },
  resume: { doing: "Resuming", ask: "Resume", done: "resumed" },
  "run-now": { doing: "Starting", ask: "Run now", done: "started" },
  "set-interval": { doing: "Editing", ask: "Set the interval of", done: "edited" },
  delete: { doing: "Deleting", ask: "Delete", done: "deleted" },
};

/** Whether the number has to be typed before it happens. */
function isGrave(operation: BulkOperation, pick: BulkPick): boolean {
  return operation === "delete" || (operation === "pause" && pick.tenants === undefined);
}

/** One command over many tenants: counts first, then asks, then tells how each went. */
export function BulkDialog({
  operation,
  pick,
  words,
  onClose,
}: {
  operation: BulkOperation;
  pick: BulkPick;
  words: string;
  onClose: () => void;
}) {
  const source = useSource();
  const client = useQueryClient();
  const { min_interval_sec: min = 5 } = useCapabilities() ?? {};
  const [wanted, setWanted] = useState(pick);
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [interval, setInterval] = useState(300);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [answer, setAnswer] = useState<BulkAnswer | null>(null);
  const verb = verbs[operation];

  const post = (key: string, extra: { dry_run: boolean; expect?: number }) =>
    http.POST("/api/crm/import/{source}/bulk", {
      params: { path: { source }, header: { "idempotency-key": key } },
      body: {
        operation,
        filter: wanted,
        ...(operation === "set-interval" ? { interval_sec: interval } : {}),
        ...(reason && (operation === "pause" || operation === "run-now") ? { reason } : {}),
        ...extra,
      },
    });
  const probe = useQuery({
    queryKey: ["bulk", source, operation, wanted],
    gcTime: 0,
    staleTime: Infinity,
    retry: false,
    queryFn: async () => ok(await post(newKey(), { dry_run: true })),
  });
  const examples = useQuery({
    queryKey: ["bulk-examples", source, wanted],
    gcTime: 0,
    enabled: wanted.tenants === undefined,
    queryFn: async () => {
      const { all: _, tenants: __, ...query } = wanted;
      const { schedules } = ok(
        await http.GET("/api/crm/import/{source}/schedules", {
          params: { path: { source }, query: { ...query, limit: 5 } },
        }),
      );
      return schedules.map((schedule) => schedule.tenant);
    },
  });
  const matched = probe.data?.matched;
  const names = wanted.tenants?.slice(0, 5) ?? examples.data ?? [];
  const grave = isGrave(operation, wanted);
  const ready =
    matched !== undefined &&
    matched > 0 &&
    (!grave || typed.replaceAll(",", "") === String(matched));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setError(null);
    try {
      const done = await sent(async (key) =>
        ok(await post(key, { dry_run: false, expect: matched })),
      );
      setAnswer(done);
    } catch (cause) {
      setError(cause);
      setTyped("");
      void probe.refetch();
    } finally {
      setBusy(false);
      for (const key of ["schedules", "counts", "audit", "runs", "tenant"]) {
        void client.invalidateQueries({ queryKey: [key] });
      }
    }
  };

  if (answer) {
    const again = () => {
      setWanted({ tenants: answer.failed.map(({ tenant }) => tenant) });
      setAnswer(null);
      setTyped("");
    };
    return (
      <Modal title={answer.failed_total === 0 ? "Done" : "Done in part"} onClose={onClose}>
        <progress
          className="bar"
          max={answer.matched}
          value={answer.matched - answer.failed_total}
        />
        <p role="status">
          {count(answer.changed)} of {plural(answer.matched, "tenant")} {verb.done}
          {answer.failed_total > 0 && `, ${count(answer.failed_total)} failed`}.
        </p>
        {answer.failed.length > 0 && (
          <ul className="failures">
            {answer.failed.slice(0, 100).map((failure) => (
              <li key={failure.tenant}>
                <strong>{failure.tenant}</strong> {failure.detail}
              </li>
            ))}
          </ul>
        )}
        <footer className="modal-foot">
          {answer.failed.length > 0 && (
            <button type="button" className="button" onClick={again}>
              Retry failed
            </button>
          )}
          <button type="button" className="button primary" onClick={onClose}>
            Close
          </button>
        </footer>
      </Modal>
    );
  }
  const title =
    matched === undefined ? `${verb.ask} …` : `${verb.ask} ${plural(matched, "tenant")}?`;
  return (
    <Modal title={title} alert={grave} onClose={onClose}>
      <form onSubmit={submit}>
        {probe.isError ? (
          <Failed error={probe.error} onRetry={() => void probe.refetch()} />
        ) : (
          <>
            <p>
              This picks <strong>{words}</strong>
              {matched !== undefined && <>: {plural(matched, "tenant")}</>}.
              {operation === "delete" && " Past runs, audit and imported records are kept."}
              {operation === "run-now" && matched !== undefined && matched > 20 && (
                <> All start at once; the upstream's rate limits hold them back as needed.</>
              )}
            </p>
            {names.length > 0 && (
              <p className="faint">
                {matched !== undefined && matched > names.length ? "Among them " : ""}
                {names.join(", ")}
              </p>
            )}
          </>
        )}
        {operation === "set-interval" && (
          <label className="field">
            New interval
            <select value={interval} onChange={({ target }) => setInterval(Number(target.value))}>
              {presets
                .filter((preset) => preset >= min)
                .map((preset) => (
                  <option key={preset} value={preset}>
                    {every(preset)}
                  </option>
                ))}
            </select>
          </label>
        )}
        {(operation === "pause" || operation === "run-now") && (
          <label className="field">
            Reason
            <input
              value={reason}
              maxLength={500}
              onChange={({ target }) => setReason(target.value)}
            />
          </label>
        )}
        {grave && matched !== undefined && matched > 0 && (
          <label className="field">
            <span>
              Type <code>{matched}</code> to confirm
            </span>
            <input
              inputMode="numeric"
              autoComplete="off"
              value={typed}
              onChange={({ target }) => setTyped(target.value)}
            />
          </label>
        )}
        {error !== null && <Failure error={error} />}
        <footer className="modal-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className={operation === "delete" ? "button danger" : "button primary"}
            disabled={!ready || busy}
          >
            {busy ? `${verb.doing}…` : `${verb.ask} ${matched === undefined ? "" : count(matched)}`}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
