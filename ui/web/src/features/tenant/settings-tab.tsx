import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { http, ok, sent } from "../../shared/api/http.ts";
import type { components } from "../../shared/api/schema.d.ts";
import { useSource } from "../../shared/api/session.ts";
import type { Schedule } from "../../shared/api/types.ts";
import { useLocked } from "../../shared/locked.ts";
import { copy } from "../../shared/ui/copy.ts";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Failed, Loading } from "../../shared/ui/faces.tsx";
import { Icon } from "../../shared/ui/icons.tsx";
import { Stamp } from "../../shared/ui/time.tsx";
import { toast, toastError } from "../../shared/ui/toasts.tsx";

type Tested = components["schemas"]["ConnectionTestAnswer"];

export default function SettingsTab({
  tenant,
  schedule,
}: {
  tenant: string;
  schedule: Schedule | null;
}) {
  const locked = useLocked();
  return (
    <div className="stack">
      <Connection tenant={tenant} />
      {schedule && <Raw schedule={schedule} />}
      {schedule && (
        <section className="card danger-zone" aria-labelledby="danger">
          <h2 id="danger">Danger</h2>
          <p>
            Deleting removes the schedule. Past runs, the audit trail and imported records stay.
          </p>
          <button
            type="button"
            className="button danger"
            disabled={locked !== null}
            title={locked ?? undefined}
            onClick={() => openDialog({ kind: "delete", tenant })}
          >
            <Icon name="trash" />
            Delete schedule…
          </button>
        </section>
      )}
    </div>
  );
}

/** The tenant's key at the upstream goes in and never comes out: a fingerprint tells keys apart. */
function Connection({ tenant }: { tenant: string }) {
  const source = useSource();
  const client = useQueryClient();
  const locked = useLocked("administer");
  const header = { "x-tenant": tenant };
  const [key, setKey] = useState("");
  const [base, setBase] = useState("");
  const [busy, setBusy] = useState<"save" | "test" | "remove" | null>(null);
  const [tested, setTested] = useState<Tested | null>(null);
  const queryKey = ["tenant", tenant, "connection", source];
  const connection = useQuery({
    queryKey,
    queryFn: async ({ signal }) =>
      ok(
        await http.GET("/api/crm/import/{source}/connection", {
          params: { path: { source }, header },
          signal,
        }),
      ),
  });
  const known = connection.data;

  const during = async (what: "save" | "test" | "remove", work: () => Promise<void>) => {
    setBusy(what);
    setTested(null);
    try {
      await work();
    } catch (error) {
      toastError("Connection", error);
    } finally {
      setBusy(null);
      void client.invalidateQueries({ queryKey });
      void client.invalidateQueries({ queryKey: ["audit"] });
    }
  };
  const test = async () => {
    const answer = await sent(async (key) =>
      ok(
        await http.POST("/api/crm/import/{source}/connection/test", {
          params: { path: { source }, header: { ...header, "idempotency-key": key } },
        }),
      ),
    );
    setTested(answer);
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    void during("save", async () => {
      await sent(async (once) =>
        ok(
          await http.PUT("/api/crm/import/{source}/connection", {
            params: { path: { source }, header: { ...header, "idempotency-key": once } },
            body: { api_key: key, ...(base.trim() ? { base_url: base.trim() } : {}) },
          }),
        ),
      );
      setKey("");
      toast({ tone: "ok", title: `Key of ${tenant} stored, encrypted` });
      await test();
    });
  };
  const remove = () =>
    void during("remove", async () => {
      if (!window.confirm(`Remove the key of ${tenant}? Its imports fail until there is another.`))
        return;
      ok(
        await http.DELETE("/api/crm/import/{source}/connection", {
          params: { path: { source }, header },
        }),
      );
      toast({ tone: "ok", title: `Key of ${tenant} removed` });
    });

  return (
    <section className="card" aria-labelledby="connection">
      <h2 id="connection">Connection</h2>
      {connection.isPending && <Loading label="the connection" rows={1} />}
      {connection.isError && (
        <Failed error={connection.error} onRetry={() => void connection.refetch()} />
      )}
      {known && (
        <>
          {known.configured ? (
            <dl className="facts">
              <div>
                <dt>Fingerprint</dt>
                <dd>
                  <code>{known.fingerprint}</code>
                </dd>
              </div>
              <div>
                <dt>Set</dt>
                <dd>
                  <Stamp at={known.updated} />
                </dd>
              </div>
              {known.base_url && (
                <div>
                  <dt>Address</dt>
                  <dd className="mono">{known.base_url}</dd>
                </div>
              )}
            </dl>
          ) : (
            <p>There is no key yet: imports can not run without one.</p>
          )}
          {known.configured && (
            <div className="face-actions start">
              <button
                type="button"
                className="button"
                disabled={locked !== null || busy !== null}
                title={locked ?? undefined}
                onClick={() => void during("test", test)}
              >
                <Icon name="run" />
                {busy === "test" ? "Asking the upstream…" : "Test live"}
              </button>
              <button
                type="button"
                className="button"
                data-danger
                disabled={locked !== null || busy !== null}
                title={locked ?? undefined}
                onClick={remove}
              >
                Remove key
              </button>
            </div>
          )}
          <div role="status">
            {tested && (
              <p className="note" data-tone={tested.ok ? "ok" : "error"}>
                <strong>{tested.ok ? "Accepted." : "Refused."}</strong> {tested.message}
                {tested.error && ` (${tested.error})`}
              </p>
            )}
          </div>
          <form className="connection-form" onSubmit={save}>
            <label className="field">
              {known.configured ? "Replace the key" : "Key"}
              <input
                type="password"
                autoComplete="off"
                required
                maxLength={512}
                value={key}
                disabled={locked !== null}
                onChange={({ target }) => setKey(target.value)}
              />
            </label>
            <label className="field">
              Address, if not the usual
              <input
                type="url"
                placeholder="https://"
                maxLength={512}
                value={base}
                disabled={locked !== null}
                onChange={({ target }) => setBase(target.value)}
              />
            </label>
            <button
              type="submit"
              className="button primary"
              disabled={locked !== null || busy !== null || key === ""}
              title={locked ?? undefined}
            >
              {busy === "save" ? "Saving…" : "Save and test"}
            </button>
          </form>
          <p className="faint">
            Stored encrypted. Nobody can read it here again, not even an admin.
          </p>
        </>
      )}
    </section>
  );
}

/** Everything that is known of the schedule, and how to write the same again. */
function Raw({ schedule }: { schedule: Schedule }) {
  const source = useSource();
  const text = JSON.stringify(schedule, null, 2);
  const { interval_sec, cron, timezone, jitter_sec, timeout_sec, overlap, catch_up, note, tags } =
    schedule;
  const spec = {
    ...(interval_sec === null ? { cron, timezone } : { interval_sec }),
    jitter_sec,
    timeout_sec,
    overlap,
    catch_up,
    ...(note === null ? {} : { note }),
    tags,
  };
  const quoted = JSON.stringify(spec).replaceAll("'", "'\\''");
  const curl = `curl -X POST ${location.origin}/api/crm/import/${source}/schedule \\
  -H 'x-tenant: ${schedule.tenant}' -H 'content-type: application/json' \\
  -d '${quoted}'`;
  return (
    <section className="card" aria-labelledby="raw">
      <div className="section-head">
        <h2 id="raw">As JSON</h2>
        <div className="export">
          <button type="button" className="button small" onClick={() => void copy(text)}>
            <Icon name="copy" />
            Copy JSON
          </button>
          <button type="button" className="button small" onClick={() => void copy(curl)}>
            <Icon name="copy" />
            Copy as curl
          </button>
        </div>
      </div>
      <details>
        <summary>Show</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: text that scrolls has to be reached */}
        <pre className="example" tabIndex={0}>
          {text}
        </pre>
      </details>
    </section>
  );
}
