import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { http, newKey, ok, sent } from "../../shared/api/http.ts";
import { isProblem, Problem } from "../../shared/api/problem.ts";
import type { components } from "../../shared/api/schema.d.ts";
import { useCapabilities, useSource } from "../../shared/api/session.ts";
import type { Schedule } from "../../shared/api/types.ts";
import { getRoster, tell } from "../../shared/live/store.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { isTenant, presets } from "../../shared/schedules/presets.ts";
import { serverNow } from "../../shared/time/clock.ts";
import { every } from "../../shared/time/format.ts";
import { Failed } from "../../shared/ui/faces.tsx";
import { Modal } from "../../shared/ui/modal.tsx";
import { Stamp } from "../../shared/ui/time.tsx";
import { toast } from "../../shared/ui/toasts.tsx";
import { Failure } from "./delete.tsx";

type ScheduleRequest = components["schemas"]["ScheduleRequest"];

/** What the form holds, as text: the server is who says whether it is right. */
export interface Draft {
  tenant: string;
  kind: "interval" | "cron";
  preset: string;
  amount: string;
  unit: string;
  cron: string;
  timezone: string;
  jitter: string;
  timeout: string;
  overlap: Schedule["overlap"];
  catchUp: string;
  note: string;
  tags: string;
  paused: boolean;
  /** A new schedule's first slot: right away, or one interval later. */
  later: boolean;
  reason: string;
}

export function draftOf(schedule: Schedule | undefined): Draft {
  const interval = schedule ? schedule.interval_sec : 300;
  const isPreset = presets.some((preset) => preset === interval);
  const unit = interval && interval % 3600 === 0 ? 3600 : interval && interval % 60 === 0 ? 60 : 1;
  return {
    tenant: schedule?.tenant ?? "",
    kind: schedule?.cron ? "cron" : "interval",
    preset: isPreset ? String(interval) : "custom",
    amount: String((interval ?? 300) / unit),
    unit: String(unit),
    cron: schedule?.cron ?? "*/15 6-20 * * MON-FRI",
    timezone: schedule?.timezone ?? "UTC",
    jitter: String(schedule?.jitter_sec ?? 0),
    timeout: schedule ? String(schedule.timeout_sec) : "",
    overlap: schedule?.overlap ?? "skip",
    catchUp:
      typeof schedule?.catch_up === "object"
        ? String(schedule.catch_up.all)
        : (schedule?.catch_up ?? "latest"),
    note: schedule?.note ?? "",
    tags: schedule?.tags.join(", ") ?? "",
    paused: false,
    later: false,
    reason: "",
  };
}

function seconds(draft: Draft): number {
  return draft.preset === "custom"
    ? Number(draft.amount) * Number(draft.unit)
    : Number(draft.preset);
}

/** What differs from how the form began; everything for a new schedule. */
export function requestOf(draft: Draft, base: Draft | undefined): ScheduleRequest {
  const request: ScheduleRequest = {};
  const differs = (...names: (keyof Draft)[]) =>
    base === undefined || names.some((name) => draft[name] !== base[name]);
  if (differs("kind", "preset", "amount", "unit", "cron", "timezone")) {
    if (draft.kind === "cron") {
      request.cron = draft.cron.trim();
      request.timezone = draft.timezone.trim();
    } else request.interval_sec = seconds(draft);
  }
  if (differs("jitter") && (base || draft.jitter !== "0"))
    request.jitter_sec = Number(draft.jitter);
  if (differs("timeout") && draft.timeout !== "") request.timeout_sec = Number(draft.timeout);
  if (differs("overlap") && (base || draft.overlap !== "skip")) request.overlap = draft.overlap;
  if (differs("catchUp") && (base || draft.catchUp !== "latest")) {
    const { catchUp } = draft;
    request.catch_up =
      catchUp === "latest" || catchUp === "skip" ? catchUp : { all: Number(catchUp) };
  }
  if (differs("note") && (base || draft.note !== "")) request.note = draft.note.trim() || null;
  if (differs("tags") && (base || draft.tags !== "")) {
    request.tags = draft.tags.split(/[\s,]+/).filter(Boolean);
  }
  return request;
}

/** When a new schedule begins, where not right away: a paused one must not run before it is paused. */
export function startOf(draft: Draft, nowMs: number): Pick<ScheduleRequest, "starts_at"> {
  if (draft.kind === "cron" || !(draft.later || draft.paused)) return {};
  return { starts_at: new Date(nowMs + seconds(draft) * 1000).toISOString() };
}

/** Creates a tenant's schedule, or edits it in place. */
export default function ScheduleForm({
  tenant,
  onClose,
}: {
  tenant: string | undefined;
  onClose: () => void;
}) {
  const known = tenant === undefined ? undefined : getRoster().rows.get(tenant)?.schedule;
  const { refresh } = useActions();
  const read = useQuery({
    queryKey: ["form", tenant],
    enabled: tenant !== undefined && !known,
    gcTime: 0,
    queryFn: () => refresh(tenant ?? ""),
  });
  const schedule = known ?? read.data;
  const title = tenant === undefined ? "New schedule" : `Edit ${tenant}`;
  if (tenant !== undefined && !schedule) {
    return (
      <Modal title={title} onClose={onClose}>
        {read.isError ? (
          <Failed error={read.error} onRetry={() => void read.refetch()} />
        ) : (
          <p role="status">Reading the schedule…</p>
        )}
      </Modal>
    );
  }
  return <Form title={title} schedule={schedule ?? undefined} onClose={onClose} />;
}

function Form({
  title,
  schedule,
  onClose,
}: {
  title: string;
  schedule: Schedule | undefined;
  onClose: () => void;
}) {
  const source = useSource();
  const client = useQueryClient();
  const actions = useActions();
  const capabilities = useCapabilities();
  const { min_interval_sec: min = 5, max_interval_sec: max = 604_800 } = capabilities ?? {};
  const [origin, setOrigin] = useState(schedule);
  const [base, setBase] = useState(() => draftOf(schedule));
  const [draft, setDraft] = useState(base);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [theirs, setTheirs] = useState<Schedule | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const set = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const isNew = schedule === undefined;
  const request = requestOf(draft, isNew ? undefined : base);
  const isChanged = JSON.stringify(draft) !== JSON.stringify(base);
  const field = error instanceof Problem ? error.body?.field : undefined;
  const tenantError = draft.tenant !== "" && !isTenant(draft.tenant);
  const interval = seconds(draft);
  const intervalError = draft.kind === "interval" && !(interval >= min && interval <= max);

  // The first field that was refused takes the focus.
  useEffect(() => {
    if (error !== null) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error]);

  const save = async (revision: number | undefined, tries = 3): Promise<void> => {
    const header = {
      "x-tenant": draft.tenant,
      ...(revision === undefined ? {} : { "if-match": `"${revision}"` }),
    };
    try {
      const body = isNew ? { ...request, ...startOf(draft, serverNow()) } : request;
      const { schedule: saved, created } = await sent(async (key) =>
        isNew
          ? ok(
              await http.POST("/api/crm/import/{source}/schedule", {
                params: { path: { source }, header: { ...header, "idempotency-key": key } },
                body,
              }),
            )
          : ok(
              await http.PATCH("/api/crm/import/{source}/schedule", {
                params: { path: { source }, header: { ...header, "idempotency-key": key } },
                body,
              }),
            ),
      );
      tell({ event: "read", schedules: [saved] });
      toast({ tone: "ok", title: created ? `Created ${saved.tenant}` : `Saved ${saved.tenant}` });
    } catch (cause) {
      if (!isProblem(cause, "revision_mismatch") || !origin || tries === 0) throw cause;
      const fresh = await actions.refresh(draft.tenant);
      // Runs count as changes too; only another's edit of the same things is worth asking about.
      if (JSON.stringify(draftOf(fresh)) === JSON.stringify(draftOf(origin))) {
        setOrigin(fresh);
        return save(fresh.revision, tries - 1);
      }
      setTheirs(fresh);
      throw cause;
    }
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || intervalError || !isTenant(draft.tenant)) return;
    setBusy(true);
    setError(null);
    setTheirs(null);
    try {
      await save(origin?.revision);
      if (isNew && draft.paused) await actions.pause(draft.tenant, draft.reason || undefined);
      onClose();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
      for (const key of ["schedules", "counts", "audit"]) {
        void client.invalidateQueries({ queryKey: [key] });
      }
      void client.invalidateQueries({ queryKey: ["tenant", draft.tenant] });
    }
  };

  return (
    <Modal title={title} onClose={onClose} keep={isChanged} wide>
      <form ref={form} onSubmit={submit} className="form" noValidate>
        {isNew && (
          <label className="field">
            Tenant
            <input
              value={draft.tenant}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              maxLength={64}
              aria-invalid={tenantError || undefined}
              aria-describedby={`${id}-tenant`}
              onChange={({ target }) => set({ tenant: target.value })}
            />
            <span id={`${id}-tenant`} className={tenantError ? "field-error" : "faint"}>
              Lower-case letters, digits, dot, dash and underscore; up to 64.
            </span>
          </label>
        )}
        <fieldset>
          <legend>When</legend>
          <div className="segments">
            <label>
              <input
                type="radio"
                name="kind"
                checked={draft.kind === "interval"}
                onChange={() => set({ kind: "interval" })}
              />
              Interval
            </label>
            <label>
              <input
                type="radio"
                name="kind"
                checked={draft.kind === "cron"}
                onChange={() => set({ kind: "cron" })}
              />
              Cron
            </label>
          </div>
          {draft.kind === "interval" ? (
            <div className="field-row">
              <label className="field">
                Runs
                <select
                  value={draft.preset}
                  aria-invalid={field === "interval_sec" || undefined}
                  onChange={({ target }) => set({ preset: target.value })}
                >
                  {presets
                    .filter((preset) => preset >= min)
                    .map((preset) => (
                      <option key={preset} value={preset}>
                        {every(preset)}
                      </option>
                    ))}
                  <option value="custom">Custom…</option>
                </select>
              </label>
              {draft.preset === "custom" && (
                <>
                  <label className="field">
                    Every
                    <input
                      type="number"
                      min={1}
                      value={draft.amount}
                      aria-invalid={intervalError || undefined}
                      aria-describedby={`${id}-interval`}
                      onChange={({ target }) => set({ amount: target.value })}
                    />
                  </label>
                  <label className="field">
                    Unit
                    <select
                      value={draft.unit}
                      onChange={({ target }) => set({ unit: target.value })}
                    >
                      <option value="1">seconds</option>
                      <option value="60">minutes</option>
                      <option value="3600">hours</option>
                      <option value="86400">days</option>
                    </select>
                  </label>
                </>
              )}
              {intervalError && (
                <p id={`${id}-interval`} className="field-error">
                  From {every(min).slice(6)} to {every(max).slice(6)}.
                </p>
              )}
            </div>
          ) : (
            <div className="field-row">
              <label className="field">
                Cron (minute hour day month weekday)
                <input
                  className="mono"
                  value={draft.cron}
                  maxLength={120}
                  aria-invalid={field === "cron" || undefined}
                  onChange={({ target }) => set({ cron: target.value })}
                />
              </label>
              <label className="field">
                Time zone
                <input
                  value={draft.timezone}
                  maxLength={64}
                  aria-invalid={field === "timezone" || undefined}
                  onChange={({ target }) => set({ timezone: target.value })}
                />
              </label>
            </div>
          )}
          <Preview tenant={draft.tenant} request={request} off={intervalError} />
          {!isNew && <p className="faint">History, pause and last status stay as they are.</p>}
        </fieldset>
        {isNew && (
          <fieldset className="checks">
            <legend>Start</legend>
            {draft.kind === "interval" && (
              <label className="field">
                First run
                <select
                  value={draft.later || draft.paused ? "later" : "now"}
                  disabled={draft.paused}
                  onChange={({ target }) => set({ later: target.value === "later" })}
                >
                  <option value="now">right away</option>
                  <option value="later">after one interval</option>
                </select>
              </label>
            )}
            <label className="check">
              <input
                type="checkbox"
                checked={draft.paused}
                onChange={({ target }) => set({ paused: target.checked })}
              />
              Start paused
            </label>
            {draft.paused && (
              <label className="field">
                Reason
                <input
                  value={draft.reason}
                  maxLength={500}
                  onChange={({ target }) => set({ reason: target.value })}
                />
              </label>
            )}
          </fieldset>
        )}
        <details className="advanced">
          <summary>More settings</summary>
          <div className="field-row">
            <label className="field">
              Jitter, seconds
              <input
                type="number"
                min={0}
                max={3600}
                value={draft.jitter}
                aria-invalid={field === "jitter_sec" || undefined}
                onChange={({ target }) => set({ jitter: target.value })}
              />
            </label>
            <label className="field">
              Stop a run after, seconds
              <input
                type="number"
                min={1}
                max={21_600}
                placeholder="default"
                value={draft.timeout}
                aria-invalid={field === "timeout_sec" || undefined}
                onChange={({ target }) => set({ timeout: target.value })}
              />
            </label>
          </div>
          <div className="field-row">
            <label className="field">
              If the last run is still going
              <select
                value={draft.overlap}
                onChange={({ target }) => set({ overlap: target.value as Schedule["overlap"] })}
              >
                <option value="skip">skip the slot</option>
                <option value="queue_one">run once afterwards</option>
              </select>
            </label>
            <label className="field">
              Slots that were missed
              <select
                value={draft.catchUp}
                onChange={({ target }) => set({ catchUp: target.value })}
              >
                <option value="latest">run the latest</option>
                <option value="skip">run none</option>
                {!["latest", "skip"].includes(draft.catchUp) && (
                  <option value={draft.catchUp}>run the latest {draft.catchUp}</option>
                )}
                {["3", "10"]
                  .filter((many) => many !== draft.catchUp)
                  .map((many) => (
                    <option key={many} value={many}>
                      run the latest {many}
                    </option>
                  ))}
              </select>
            </label>
          </div>
          <label className="field">
            Note
            <input
              value={draft.note}
              maxLength={500}
              aria-invalid={field === "note" || undefined}
              onChange={({ target }) => set({ note: target.value })}
            />
          </label>
          <label className="field">
            Tags, separated by commas
            <input
              value={draft.tags}
              autoCapitalize="off"
              aria-invalid={field === "tags" || undefined}
              onChange={({ target }) => set({ tags: target.value })}
            />
          </label>
        </details>
        {theirs ? (
          <Conflict
            mine={draft}
            theirs={draftOf(theirs)}
            base={base}
            onTheirs={() => {
              setOrigin(theirs);
              setBase(draftOf(theirs));
              setDraft(draftOf(theirs));
              setTheirs(null);
              setError(null);
            }}
            onMine={() => {
              setOrigin(theirs);
              setBase(draftOf(theirs));
              setTheirs(null);
              setError(null);
            }}
          />
        ) : (
          error !== null && <Failure error={error} />
        )}
        <footer className="modal-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={busy || theirs !== null || !isTenant(draft.tenant) || (!isNew && !isChanged)}
          >
            {busy ? "Saving…" : isNew ? "Create schedule" : "Save"}
          </button>
        </footer>
      </form>
    </Modal>
  );
}

/** The next slots of what the form proposes. */
function Preview({
  tenant,
  request,
  off,
}: {
  tenant: string;
  request: ScheduleRequest;
  off: boolean;
}) {
  const source = useSource();
  const timing = {
    ...(request.interval_sec == null ? {} : { interval_sec: request.interval_sec }),
    ...(request.cron ? { cron: request.cron, timezone: request.timezone } : {}),
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
  if (!preview.data) return null;
  return (
    <div className="preview" aria-live="polite">
      <span className="faint">Next runs{preview.data.exact ? "" : ", if saved now"}</span>
      <ol>
        {preview.data.occurrences.map(({ slot }) => (
          <li key={slot}>
            <Stamp at={slot} />
          </li>
        ))}
      </ol>
    </div>
  );
}

const names: Partial<Record<keyof Draft, string>> = {
  kind: "When",
  preset: "Interval",
  amount: "Interval, custom",
  cron: "Cron",
  timezone: "Time zone",
  jitter: "Jitter",
  timeout: "Timeout",
  overlap: "Overlap",
  catchUp: "Catch-up",
  note: "Note",
  tags: "Tags",
};

/** Somebody else has saved meanwhile: yours, theirs, and which to keep. */
function Conflict({
  mine,
  theirs,
  base,
  onMine,
  onTheirs,
}: {
  mine: Draft;
  theirs: Draft;
  base: Draft;
  onMine: () => void;
  onTheirs: () => void;
}) {
  const rows = Object.entries(names).filter(([name]) => {
    const field = name as keyof Draft;
    return mine[field] !== theirs[field];
  });
  return (
    <section className="note" data-tone="error" role="alert">
      <p>
        <strong>Changed meanwhile.</strong> Somebody else has saved this schedule.
      </p>
      <table className="diff">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Before</th>
            <th scope="col">Theirs</th>
            <th scope="col">Yours</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, label]) => (
            <tr key={name}>
              <th scope="row">{label}</th>
              <td>{String(base[name as keyof Draft])}</td>
              <td>{String(theirs[name as keyof Draft])}</td>
              <td>{String(mine[name as keyof Draft])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="face-actions">
        <button type="button" className="button small" onClick={onTheirs}>
          Take theirs
        </button>
        <button type="button" className="button small" onClick={onMine}>
          Keep mine, then save
        </button>
      </div>
    </section>
  );
}
