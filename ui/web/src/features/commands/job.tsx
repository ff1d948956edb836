import { useEffect } from "react";
import { Link } from "wouter";
import { isProblem } from "../../shared/api/problem.ts";
import { cancelJob, dismissJob, estimate, sendAgain, startJob } from "../../shared/bulk/job.ts";
import { type Bulk, type Failure, isGoing, type Job, useJob } from "../../shared/bulk/store.ts";
import { bulkVerbs } from "../../shared/bulk/words.ts";
import { csv } from "../../shared/csv.ts";
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
  const going = isGoing(job);
  useEffect(() => {
    if (job === null) onClose();
  }, [job, onClose]);
  if (job === null) return null;
  const { order, bulk, error, cancelling } = job;
  const failed = bulk?.failed ?? [];
  const leave = () => {
    onClose();
    dismissJob();
  };
  const again = () => {
    const tenants = failed.map(({ tenant }) => tenant);
    const words = plural(tenants.length, "tenant that failed", "tenants that failed");
    void startJob({ ...order, filter: { tenants }, words, expect: tenants.length });
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
              disabled={cancelling || bulk === null}
              onClick={() => void cancelJob()}
            >
              {cancelling ? "Stopping…" : "Cancel remaining"}
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
        {bulk === null && error !== null && !hasDrifted && (
          <button type="button" className="button" onClick={() => void sendAgain()}>
            <Icon name="retry" />
            Try again
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

function jobTitle(job: Job): string {
  const { order, bulk } = job;
  if (isGoing(job)) {
    return `${bulkVerbs[order.operation].doing} ${plural(bulk?.matched ?? order.expect, "tenant")}`;
  }
  if (bulk === null) return "Nothing was done";
  if (bulk.state === "done") return bulk.failed_total === 0 ? "Done" : "Done in part";
  return `Stopped after ${count(bulk.done)} of ${count(bulk.matched)}`;
}

function Progress({ job }: { job: Job }) {
  const { order, bulk } = job;
  const matched = bulk?.matched ?? order.expect;
  const { done = 0, changed = 0, failed_total: failed = 0 } = bulk ?? {};
  const verb = bulkVerbs[order.operation].done;
  const same = Math.max(0, done - changed - failed);
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
          <dt>{verb}</dt>
          <dd>{count(changed)}</dd>
        </div>
        <div>
          <dt>Already so</dt>
          <dd>{count(same)}</dd>
        </div>
        <div data-tone={failed > 0 ? "error" : undefined}>
          <dt>Failed</dt>
          <dd>{count(failed)}</dd>
        </div>
      </dl>
      <p className="faint" role="status">
        {isGoing(job)
          ? `${order.words}: about ${span(estimate(matched - done))} to go. It goes on when this page is closed.`
          : bulk !== null && outcome(bulk, verb)}
      </p>
    </>
  );
}

/** How it ended, in one sentence. */
function outcome(bulk: Bulk, verb: string): string {
  const { matched, done, changed, failed_total: failed } = bulk;
  const spent = bulk.updated - bulk.created;
  const parts = [`${count(changed)} of ${plural(matched, "tenant")} ${verb}`];
  if (failed > 0) parts.push(`${count(failed)} failed`);
  if (done < matched) parts.push(`${count(matched - done)} left as they were`);
  parts.push(`in ${spent < 1 ? "less than a second" : span(spent)}`);
  return `${parts.join(", ")}.`;
}

function Failures({ job }: { job: Job }) {
  const failed = job.bulk?.failed ?? [];
  const more = (job.bulk?.failed_total ?? 0) - Math.min(failed.length, LISTED);
  const save = () =>
    saveFile(
      `${job.order.operation}-failed.csv`,
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
        {more > 0 && <li className="faint">and {count(more)} more: the CSV has the first 1,000</li>}
      </ul>
    </section>
  );
}
