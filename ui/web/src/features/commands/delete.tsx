import { type FormEvent, useState } from "react";
import { newKey } from "../../shared/api/http.ts";
import { explained } from "../../shared/api/problem.ts";
import { useLocked } from "../../shared/locked.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { Modal } from "../../shared/ui/modal.tsx";

/** Asks for the tenant's name before its schedule is deleted. */
export function DeleteDialog({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const { remove } = useActions();
  const locked = useLocked();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // One key for all tries: a reply that got lost does not delete twice.
  const [key] = useState(newKey);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (typed !== tenant || busy) return;
    setBusy(true);
    setError(null);
    try {
      await remove(tenant, key);
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Modal title={`Delete ${tenant}?`} alert onClose={onClose}>
      <form onSubmit={submit}>
        <p>
          The schedule is removed and a run in flight is cancelled. Past runs, the audit trail and
          imported records are kept.
        </p>
        <label className="field">
          <span>
            Type <code>{tenant}</code> to confirm
          </span>
          <input
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
          />
        </label>
        {error !== null && <Failure error={error} />}
        <footer className="modal-foot">
          <button type="button" className="button" onClick={onClose}>
            Keep it
          </button>
          <button
            type="submit"
            className="button danger"
            disabled={locked !== null || typed !== tenant || busy}
            title={locked ?? undefined}
          >
            {busy ? "Deleting…" : "Delete schedule"}
          </button>
        </footer>
      </form>
    </Modal>
  );
}

export function Failure({ error }: { error: unknown }) {
  const { title, detail, requestId } = explained(error);
  return (
    <p className="note" data-tone="error" role="alert">
      <strong>{title}.</strong> {detail}
      {requestId && <span className="faint"> Request {requestId}</span>}
    </p>
  );
}
