import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { cancelJob, dismissJob } from "../shared/bulk/job.ts";
import { isGoing, useJob } from "../shared/bulk/store.ts";
import { bulkVerbs } from "../shared/bulk/words.ts";
import { count } from "../shared/time/format.ts";
import { openDialog, useDialog } from "../shared/ui/dialogs.ts";
import { Icon } from "../shared/ui/icons.tsx";

/** A bulk command that goes on behind the page. */
export default function JobChip() {
  const job = useJob();
  const dialog = useDialog();
  const client = useQueryClient();
  const going = isGoing(job);
  const isOver = job !== null && !going;
  useEffect(() => {
    if (isOver) void client.invalidateQueries();
  }, [isOver, client]);
  if (job === null || dialog?.kind === "job") return null;
  const { order, bulk, cancelling } = job;
  const verb = bulkVerbs[order.operation];
  const { matched = order.expect, done = 0, changed = 0, failed_total: failed = 0 } = bulk ?? {};
  return (
    <section className="job-chip" aria-label="Bulk command">
      <button type="button" className="link" onClick={() => openDialog({ kind: "job" })}>
        {going
          ? `${verb.doing} ${count(done)} of ${count(matched)}`
          : bulk?.state === "done"
            ? `${count(changed)} ${verb.done}`
            : `Stopped at ${count(done)} of ${count(matched)}`}
        {failed > 0 && `, ${count(failed)} failed`}
      </button>
      <progress className="bar" max={Math.max(1, matched)} value={done} aria-label="Progress" />
      {going ? (
        <button
          type="button"
          className="button small"
          disabled={cancelling || bulk === null}
          onClick={() => void cancelJob()}
        >
          Cancel
        </button>
      ) : (
        <button type="button" className="icon-button" aria-label="Dismiss" onClick={dismissJob}>
          <Icon name="cross" />
        </button>
      )}
    </section>
  );
}
