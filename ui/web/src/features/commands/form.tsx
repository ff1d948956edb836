import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { http, ok, sent } from "../../shared/api/http.ts";
import { isProblem, Problem } from "../../shared/api/problem.ts";
import { useCapabilities, useSource } from "../../shared/api/session.ts";
import type { Schedule } from "../../shared/api/types.ts";
import { getRoster, tell } from "../../shared/live/store.ts";
import { useLocked } from "../../shared/locked.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { isTenant, presets } from "../../shared/schedules/presets.ts";
import { serverNow } from "../../shared/time/clock.ts";
import { every } from "../../shared/time/format.ts";
import { Failed } from "../../shared/ui/faces.tsx";
import { Modal } from "../../shared/ui/modal.tsx";
import { toast } from "../../shared/ui/toasts.tsx";
import { Conflict } from "./conflict.tsx";
import { Failure } from "./delete.tsx";
import { type Draft, draftOf, requestOf, type ScheduleRequest, seconds, startOf } from "./draft.ts";
import { Preview } from "./preview.tsx";

/** The fields beside which a refusal can be told. */
const shownFields = [
  "interval_sec",
  "cron",
  "timezone",
  "jitter_sec",
  "timeout_sec",
  "note",
  "tags",
];

interface Meant {
  interval: number;
  before: Schedule;
}

/** Creates a tenant's schedule, or edits it in place. */
export default function ScheduleForm({
  tenant,
  meant,
  onClose,
}: {
  tenant: string | undefined;
  /** An edit that another's has overtaken. */
  meant?: Meant;
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
  return <Form title={title} schedule={schedule ?? undefined} meant={meant} onClose={onClose} />;
}

function Form({
  title,
  schedule,
  meant,
  onClose,
}: {
  title: string;
  schedule: Schedule | undefined;
  meant: Meant | undefined;
  onClose: () => void;
}) {
  const source = useSource();
  const client = useQueryClient();
  const actions = useActions();
  const locked = useLocked();
  const capabilities = useCapabilities();
  const { min_interval_sec: min = 5, max_interval_sec: max = 604_800 } = capabilities ?? {};
  const [origin, setOrigin] = useState(meant?.before ?? schedule);
  const [base, setBase] = useState(() => draftOf(meant?.before ?? schedule));
  const [draft, setDraft] = useState(() => {
    if (!meant) return base;
    const { before, interval } = meant;
    return draftOf({ ...before, interval_sec: interval, cron: null, timezone: null });
  });
  const [advanced, setAdvanced] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [theirs, setTheirs] = useState<Schedule | null>((meant && schedule) ?? null);
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const set = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const isNew = schedule === undefined;
  const request = requestOf(draft, isNew ? undefined : base);
  const isChanged = JSON.stringify(draft) !== JSON.stringify(base);
  const field = error instanceof Problem ? error.body?.field : undefined;
  const atField = field !== undefined && shownFields.includes(field);
  /** What a field that the server refused is told apart by. */
  const refused = (name: string) =>
    field === name ? { "aria-invalid": true, "aria-describedby": `${id}-refused` } : {};
  const refusal = (name: string) =>
    field === name && (
      <span id={`${id}-refused`} className="field-error" role="alert">
        {error instanceof Problem && error.message}
      </span>
    );
  const tenantError = draft.tenant !== "" && !isTenant(draft.tenant);
  const interval = seconds(draft);
  const intervalError = draft.kind === "interval" && !(interval >= min && interval <= max);

  // The first field that was refused takes the focus.
  useEffect(() => {
    if (error !== null) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error]);

  const save = async (
    request: ScheduleRequest,
    revision: number | undefined,
    tries = 3,
  ): Promise<void> => {
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
        return save(request, fresh.revision, tries - 1);
      }
      setTheirs(fresh);
      throw cause;
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (busy || theirs || intervalError || !isTenant(draft.tenant)) return;
    void carryOut(request, origin?.revision);
  };
  const carryOut = async (request: ScheduleRequest, revision: number | undefined) => {
    setBusy(true);
    setError(null);
    setTheirs(null);
    try {
      await save(request, revision);
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
                  {...refused("interval_sec")}
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
                {refusal("interval_sec")}
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
                Cron
                <input
                  className="mono"
                  value={draft.cron}
                  maxLength={120}
                  {...refused("cron")}
                  onChange={({ target }) => set({ cron: target.value })}
                />
                <span className="faint">minute hour day month weekday</span>
                {refusal("cron")}
              </label>
              <label className="field">
                Time zone
                <input
                  value={draft.timezone}
                  maxLength={64}
                  {...refused("timezone")}
                  onChange={({ target }) => set({ timezone: target.value })}
                />
                {refusal("timezone")}
              </label>
            </div>
          )}
          <Preview
            tenant={draft.tenant}
            request={request}
            off={intervalError}
            first={isNew && draft.kind === "interval" && !draft.later && !draft.paused}
            next={isNew ? undefined : (schedule?.next_run ?? null)}
          />
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
                  <option value="later">not before one interval</option>
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
        <details
          className="advanced"
          open={advanced || ["jitter_sec", "timeout_sec", "note", "tags"].includes(field ?? "")}
          onToggle={({ currentTarget }) => setAdvanced(currentTarget.open)}
        >
          <summary>More settings</summary>
          <div className="field-row">
            <label className="field">
              Jitter, seconds
              <input
                type="number"
                min={0}
                max={3600}
                value={draft.jitter}
                {...refused("jitter_sec")}
                onChange={({ target }) => set({ jitter: target.value })}
              />
              {refusal("jitter_sec")}
            </label>
            <label className="field">
              Stop a run after, seconds
              <input
                type="number"
                min={1}
                max={21_600}
                placeholder="default"
                value={draft.timeout}
                {...refused("timeout_sec")}
                onChange={({ target }) => set({ timeout: target.value })}
              />
              {refusal("timeout_sec")}
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
              {...refused("note")}
              onChange={({ target }) => set({ note: target.value })}
            />
            {refusal("note")}
          </label>
          <label className="field">
            Tags, separated by commas
            <input
              value={draft.tags}
              autoCapitalize="off"
              {...refused("tags")}
              onChange={({ target }) => set({ tags: target.value })}
            />
            {refusal("tags")}
          </label>
        </details>
        {theirs ? (
          <Conflict
            mine={draft}
            theirs={draftOf(theirs)}
            base={base}
            onDecided={(decided) => {
              const next = draftOf(theirs);
              const change = requestOf(decided, next);
              setOrigin(theirs);
              setBase(next);
              setDraft(decided);
              if (Object.keys(change).length === 0) return onClose();
              void carryOut(change, theirs.revision);
            }}
          />
        ) : (
          error !== null && !atField && <Failure error={error} />
        )}
        <footer className="modal-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={
              locked !== null ||
              busy ||
              theirs !== null ||
              !isTenant(draft.tenant) ||
              (!isNew && !isChanged)
            }
            title={locked ?? undefined}
          >
            {busy ? "Saving…" : isNew ? "Create schedule" : "Save"}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
