import { useEffect } from "react";
import { useLocation } from "wouter";
import { useSchedule } from "../../shared/live/store.ts";
import type { RunConcern } from "../../shared/schedules/actions.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { Modal } from "../../shared/ui/modal.tsx";
import { Countdown, Elapsed } from "../../shared/ui/time.tsx";
import { tenantPath } from "../../shared/url.ts";

/** Asks before a run by hand that would be refused, or would press a CRM that asked to wait. */
export function RunDialog({
  tenant,
  why,
  onClose,
}: {
  tenant: string;
  why: RunConcern;
  onClose: () => void;
}) {
  const schedule = useSchedule(tenant);
  const { startRun, cancel } = useActions();
  const [, navigate] = useLocation();
  const run = schedule?.run;
  const isOver = why === "in-flight" && !run;
  const until = schedule?.hold_until ?? schedule?.retrying?.at;
  useEffect(() => {
    if (schedule === null) onClose();
  }, [schedule, onClose]);
  const start = () => {
    onClose();
    void startRun(tenant);
  };
  const again = async (runId: string) => {
    onClose();
    await cancel(tenant, runId);
    await startRun(tenant);
  };
  return (
    <Modal title={`Run ${tenant} now?`} onClose={onClose}>
      {why === "rate-limited" ? (
        <p>
          The CRM has limited this tenant's requests
          {until != null && (
            <>
              {" "}
              and asked to wait another <Countdown due={until} />
            </>
          )}
          . A run now will most likely be refused, and can make the wait longer.
        </p>
      ) : run ? (
        <p>
          A run has been in flight for <Elapsed since={run.started} />. Runs of one tenant never
          overlap, so another can start only once it has ended.
        </p>
      ) : (
        <p role="status">The run that was in flight has ended.</p>
      )}
      <footer className="modal-foot">
        {run && (
          <button
            type="button"
            className="button"
            onClick={() => {
              onClose();
              navigate(tenantPath(tenant, `/runs/${run.run_id}`));
            }}
          >
            Open the run
          </button>
        )}
        {run ? (
          <button
            type="button"
            className="button"
            data-danger
            onClick={() => void again(run.run_id)}
          >
            Cancel it, run again
          </button>
        ) : (
          <button type="button" className="button" onClick={start}>
            {isOver ? "Run now" : "Run anyway"}
          </button>
        )}
        <button type="button" className="button primary" onClick={onClose}>
          {why === "rate-limited" ? "Let it wait" : "Leave it"}
        </button>
      </footer>
    </Modal>
  );
}
