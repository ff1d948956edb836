import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "wouter";
import { isProblem } from "../../shared/api/problem.ts";
import { cancelJob, continueJob, dismissJob, estimate, startJob } from "../../shared/bulk/job.ts";
import { type Failure, isGoing, type Job, useJob } from "../../shared/bulk/store.ts";
import { bulkVerbs } from "../../shared/bulk/words.ts";
import { csv } from "../../shared/csv.ts";
import { useNow } from "../../shared/time/clock.ts";
import { count, plural, span } from "../../shared/time/format.ts";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Icon } from "../../shared/ui/icons.tsx";
import { Modal } from "../../shared/ui/modal.tsx";
import { saveFile } from "../../shared/ui/save.ts";
import { tenantPath } from "../../shared/url.ts";
import { Failure as Failed } from "./delete.tsx";

const LISTED = 100;

/** How a bulk command is doing, and what can still be done about it. */
export function JobDialog({ onClose }: { onClose: () => void }) {
  const job = useJob();
  const client = useQueryClient();
  const going = isGoing(job?.state);
  useEffect(() => {
    if (job === null) onClose();
  }, [job, onClose]);
  if (job === null) return null;
  const { order, failed, state, error } = job;
  const leave = () => {
    onClose();
    dismissJob();
  };
  const refresh = () => void client.invalidateQueries();
  const again = () => {
    const tenants = failed.map(({ tenant }) => tenant);
    const words = plural(tenants.length, "tenant that failed", "tenants that failed");
    void startJob({ ...order, filter: { tenants }, words, expect: tenants.length }).then(refresh);
  };
  const hasDrifted = isProblem(error, "expect_mismatch");
  return (
    <Modal title={jobTitle(job)} onClose={going ? onClose : leave} wide>
      <Progress job={job} />
      {error !== null && <Failed error={error} />}
      {failed.length > 0 && <Failures job={job} />}
      <footer className="modal-foot">
        {going && (
          <>
            <button type="button" className="button" onClick={onClose}>
              Go on in the background
            </button>
            <button
              type="button"
              className="button danger"
              disabled={state === "stopping"}
              onClick={cancelJob}
            >
              {state === "stopping" ? "Stopping…" : "Cancel remaining"}
            </button>
          </>
        )}
        {failed.length > 0 && !going && (
          <button type="button" className="button" onClick={again}>
            <Icon name="retry" />
            Retry failed
          </button>
        )}
        {hasDrifted && (
          <button
            type="button"
            className="button"
            onClick={() => {
              dismissJob();
              const { operation, filter: pick, words } = order;
              openDialog({ kind: "bulk", operation, pick, words });
            }}
          >
            Count again
          </button>
        )}
        {(state === "stopped" || (state === "interrupted" && !hasDrifted)) && (
          <button
            type="button"
            className="button"
            onClick={() => void continueJob()?.then(refresh)}
          >
            Go on with the rest
          </button>
        )}
        {!going && (
          <button type="button" className="button primary" onClick={leave}>
            Close
          </button>
        )}
      </footer>
    </Modal>
  );
}

function jobTitle({ order, state, matched, failed, done }: Job): string {
  const verb = bulkVerbs[order.operation];
  if (isGoing(state)) return `${verb.doing} ${plural(matched, "tenant")}`;
  if (state === "done") return failed.length === 0 ? "Done" : "Done in part";
  return `Stopped after ${count(done)} of ${count(matched)}`;
}

function Progress({ job }: { job: Job }) {
  const { order, matched, done, changed, failed, state, startedAt, endedAt, waitUntil } = job;
  const now = useNow();
  const going = isGoing(state);
  const spent = Math.max(0, ((endedAt ?? Date.now()) - startedAt) / 1000);
  const same = Math.max(0, done - changed - failed.length);
  void now;
  return (
    <>
      <progress className="bar" max={Math.max(1, matched)} value={done} aria-label="Progress" />
      <dl className="job-figures">
        <div>
          <dt>Done</dt>
          <dd>
            {count(done)} <span className="faint">of {count(matched)}</span>
          </dd>
        </div>
        <div data-tone="ok">
          <dt>{bulkVerbs[order.operation].done}</dt>
          <dd>{count(changed)}</dd>
        </div>
        <div>
          <dt>Already so</dt>
          <dd>{count(same)}</dd>
        </div>
        <div data-tone={failed.length > 0 ? "error" : undefined}>
          <dt>Failed</dt>
          <dd>{count(failed.length)}</dd>
        </div>
      </dl>
      <p className="faint" role="status">
        {waitUntil !== null && waitUntil > Date.now()
          ? `The server asked to wait ${span((waitUntil - Date.now()) / 1000)}.`
          : going
            ? `${order.words}: about ${span(estimate(matched - done))} to go.`
            : `${count(changed)} of ${plural(matched, "tenant")} ${bulkVerbs[order.operation].done}${failed.length > 0 ? `, ${count(failed.length)} failed` : ""}${done < matched ? `, ${count(matched - done)} left as they were` : ""}, in ${spent < 1 ? "less than a second" : span(spent)}.`}
      </p>
    </>
  );
}

function Failures({ job }: { job: Job }) {
  const { failed, order } = job;
  const save = () =>
    saveFile(
      `${order.operation}-failed.csv`,
      csv(
        ["tenant", "code", "detail"],
        failed.map((failure: Failure) => [failure.tenant, failure.code, failure.detail]),
      ),
      "text/csv",
    );
  return (
    <section aria-labelledby="failures">
      <div className="section-head">
        <h3 id="failures">What failed, and why</h3>
        <button type="button" className="button small" onClick={save}>
          <Icon name="download" />
          CSV
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by keyboard */}
      <ul className="failures" tabIndex={0} aria-label="Failures">
        {failed.slice(0, LISTED).map(({ tenant, detail }) => (
          <li key={tenant}>
            <Link href={tenantPath(tenant)} onClick={() => openDialog(null)}>
              {tenant}
            </Link>
            <span>{detail}</span>
          </li>
        ))}
        {failed.length > LISTED && (
          <li className="faint">and {count(failed.length - LISTED)} more, all in the CSV</li>
        )}
      </ul>
    </section>
  );
}
