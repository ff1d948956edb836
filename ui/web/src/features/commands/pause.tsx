import { type FormEvent, useState } from "react";
import { useLocked } from "../../shared/locked.ts";
import { usePrefs } from "../../shared/prefs.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { serverNow } from "../../shared/time/clock.ts";
import { stamp } from "../../shared/time/format.ts";
import { Modal } from "../../shared/ui/modal.tsx";

const spans = [
  { value: "900", label: "15 minutes" },
  { value: "3600", label: "1 hour" },
  { value: "14400", label: "4 hours" },
  { value: "tomorrow", label: "Tomorrow 08:00" },
  { value: "at", label: "A date and time…" },
  { value: "open", label: "Until somebody resumes it" },
];

/** When a pause of that choice ends, in epoch seconds; undefined where it has no end, null where unclear. */
export function pauseEnd(choice: string, at: string, nowMs: number): number | undefined | null {
  if (choice === "open") return undefined;
  if (choice === "tomorrow") {
    const day = new Date(nowMs);
    day.setDate(day.getDate() + 1);
    day.setHours(8, 0, 0, 0);
    return day.getTime() / 1000;
  }
  if (choice === "at") {
    const time = new Date(at).getTime();
    return Number.isNaN(time) || time <= nowMs ? null : time / 1000;
  }
  return Math.round(nowMs / 1000) + Number(choice);
}

export function PauseDialog({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const { pause } = useActions();
  const locked = useLocked();
  const { zone } = usePrefs();
  const [choice, setChoice] = useState("3600");
  const [at, setAt] = useState("");
  const [reason, setReason] = useState("");
  const until = pauseEnd(choice, at, serverNow());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (until === null) return;
    void pause(tenant, reason.trim() || undefined, until);
    onClose();
  };
  return (
    <Modal title={`Pause ${tenant}`} onClose={onClose} keep={reason !== ""}>
      <form onSubmit={submit}>
        <label className="field">
          For how long
          <select value={choice} onChange={({ target }) => setChoice(target.value)}>
            {spans.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        {choice === "at" && (
          <label className="field">
            Until (in this device's time)
            <input
              type="datetime-local"
              required
              value={at}
              onChange={({ target }) => setAt(target.value)}
            />
          </label>
        )}
        <label className="field">
          Reason
          <input
            value={reason}
            maxLength={500}
            placeholder="Shown to everyone who asks why it does not run"
            onChange={({ target }) => setReason(target.value)}
          />
        </label>
        <p className="faint">
          {until === null
            ? "Choose a time that lies ahead."
            : until === undefined
              ? "It stays paused until somebody resumes it."
              : `It resumes by itself at ${stamp(until, zone)}.`}
        </p>
        <footer className="modal-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={locked !== null || until === null}
            title={locked ?? undefined}
          >
            Pause
          </button>
        </footer>
      </form>
    </Modal>
  );
}
