import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { http, newKey, ok } from "../../shared/api/http.ts";
import { useCapabilities, useSource } from "../../shared/api/session.ts";
import { estimate, startJob } from "../../shared/bulk/job.ts";
import { getJob, isGoing } from "../../shared/bulk/store.ts";
import { bulkVerbs } from "../../shared/bulk/words.ts";
import { useLocked } from "../../shared/locked.ts";
import { presets } from "../../shared/schedules/presets.ts";
import { count, every, plural, span } from "../../shared/time/format.ts";
import { type BulkOperation, type BulkPick, openDialog } from "../../shared/ui/dialogs.ts";
import { Failed } from "../../shared/ui/faces.tsx";
import { Modal } from "../../shared/ui/modal.tsx";

/** Whether the number has to be typed before it happens. */
function isGrave(operation: BulkOperation, pick: BulkPick): boolean {
  return operation === "delete" || (operation === "pause" && pick.tenants === undefined);
}

/** One command over many tenants: counts first, then asks. The job that carries it out has its own dialog. */
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
  const locked = useLocked();
  const { min_interval_sec: min = 5 } = useCapabilities() ?? {};
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [interval, setInterval] = useState(300);
  const verb = bulkVerbs[operation];
  const takesReason = operation === "pause" || operation === "run-now";
  const probe = useQuery({
    queryKey: ["bulk", source, operation, pick],
    gcTime: 0,
    staleTime: Infinity,
    retry: false,
    queryFn: async () =>
      ok(
        await http.POST("/api/crm/import/{source}/bulk", {
          params: { path: { source }, header: { "idempotency-key": newKey() } },
          body: {
            operation,
            filter: pick,
            ...(operation === "set-interval" ? { interval_sec: 300 } : {}),
            dry_run: true,
          },
        }),
      ),
  });
  const examples = useQuery({
    queryKey: ["bulk-examples", source, pick],
    gcTime: 0,
    enabled: pick.tenants === undefined,
    queryFn: async () => {
      const { all: _, tenants: __, ...query } = pick;
      const { schedules } = ok(
        await http.GET("/api/crm/import/{source}/schedules", {
          params: { path: { source }, query: { ...query, limit: 5 } },
        }),
      );
      return schedules.map((schedule) => schedule.tenant);
    },
  });
  const isBusy = isGoing(getJob());
  const matched = probe.data && "matched" in probe.data ? probe.data.matched : undefined;
  const names = pick.tenants?.slice(0, 5) ?? examples.data ?? [];
  const grave = isGrave(operation, pick);
  const ready =
    matched !== undefined &&
    matched > 0 &&
    !isBusy &&
    (!grave || typed.replaceAll(",", "") === String(matched));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    void startJob({
      source,
      operation,
      filter: pick,
      words,
      expect: matched,
      interval,
      ...(reason && takesReason ? { reason } : {}),
    });
    openDialog({ kind: "job" });
  };
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
                <>
                  {" "}
                  They start one after the other; the CRM's rate limits hold them back as needed.
                </>
              )}
              {matched !== undefined && matched > 0 && (
                <> It takes about {span(estimate(matched))} and can be cancelled on the way.</>
              )}
            </p>
            {names.length > 0 && (
              <ul className="examples">
                {names.map((name) => (
                  <li key={name} className="tag">
                    {name}
                  </li>
                ))}
                {matched !== undefined && matched > names.length && (
                  <li className="faint">and {count(matched - names.length)} more</li>
                )}
              </ul>
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
        {takesReason && (
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
        {isBusy && (
          <p className="note" data-tone="warn">
            Another bulk command is on its way: let it end first.
          </p>
        )}
        <footer className="modal-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className={operation === "delete" ? "button danger" : "button primary"}
            disabled={locked !== null || !ready}
            title={locked ?? undefined}
          >
            {`${verb.ask} ${matched === undefined ? "" : count(matched)}`}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
