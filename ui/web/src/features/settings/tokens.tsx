import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { http, ok, sent } from "../../shared/api/http.ts";
import type { Role } from "../../shared/api/types.ts";
import { useLocked } from "../../shared/locked.ts";
import { copy } from "../../shared/ui/copy.ts";
import { Failed, Loading } from "../../shared/ui/faces.tsx";
import { Modal } from "../../shared/ui/modal.tsx";
import { Stamp } from "../../shared/ui/time.tsx";
import { toast, toastError } from "../../shared/ui/toasts.tsx";

/** Access tokens: who may do what, for which tenants. A secret shows once. */
export function Tokens() {
  const client = useQueryClient();
  const locked = useLocked("administer");
  const [making, setMaking] = useState(false);
  const tokens = useQuery({
    queryKey: ["tokens"],
    gcTime: 0,
    queryFn: async ({ signal }) => ok(await http.GET("/api/tokens", { signal })).tokens,
  });
  const revoke = async (id: string, name: string) => {
    if (!window.confirm(`Revoke ${name}? Whoever uses it is signed out at once.`)) return;
    try {
      ok(await http.DELETE("/api/tokens/{id}", { params: { path: { id } } }));
      toast({ tone: "ok", title: `Revoked ${name}` });
    } catch (error) {
      toastError(`Revoke ${name}`, error);
    } finally {
      void client.invalidateQueries({ queryKey: ["tokens"] });
    }
  };
  return (
    <section className="card span-all" aria-labelledby="tokens">
      <div className="section-head">
        <h2 id="tokens">Access tokens</h2>
        <button
          type="button"
          className="button small"
          disabled={locked !== null}
          title={locked ?? undefined}
          onClick={() => setMaking(true)}
        >
          New token
        </button>
      </div>
      {tokens.isPending && <Loading label="tokens" rows={2} />}
      {tokens.isError && <Failed error={tokens.error} onRetry={() => void tokens.refetch()} />}
      {tokens.data?.length === 0 && (
        <p className="faint">
          None yet: whoever sits at this machine is the admin. The first token ends that.
        </p>
      )}
      {tokens.data && tokens.data.length > 0 && (
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Role</th>
              <th scope="col">Tenants</th>
              <th scope="col">Created</th>
              <th scope="col">Expires</th>
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {tokens.data.map((token) => (
              <tr key={token.id}>
                <td data-label="Name">{token.name}</td>
                <td data-label="Role">{token.role}</td>
                <td data-label="Tenants">
                  {token.tenants.includes("*") ? "all" : token.tenants.join(", ")}
                </td>
                <td data-label="Created">
                  <Stamp at={token.created} />
                </td>
                <td data-label="Expires">
                  {token.expired ? (
                    "expired"
                  ) : token.expires === null ? (
                    "never"
                  ) : (
                    <Stamp at={token.expires} />
                  )}
                </td>
                <td>
                  <button
                    type="button"
                    className="button small"
                    data-danger
                    disabled={locked !== null}
                    aria-label={`Revoke ${token.name}`}
                    onClick={() => void revoke(token.id, token.name)}
                  >
                    Revoke
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {making && <Make onClose={() => setMaking(false)} />}
    </section>
  );
}

function Make({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [tenants, setTenants] = useState("");
  const [secret, setSecret] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const names = tenants.split(/[\s,]+/).filter(Boolean);
    try {
      const made = await sent(async (key) =>
        ok(
          await http.POST("/api/tokens", {
            params: { header: { "idempotency-key": key } },
            body: { name: name.trim(), role, ...(names.length > 0 ? { tenants: names } : {}) },
          }),
        ),
      );
      setSecret(made.secret);
    } catch (error) {
      toastError("New token", error);
    } finally {
      setBusy(false);
      void client.invalidateQueries({ queryKey: ["tokens"] });
      void client.invalidateQueries({ queryKey: ["capabilities"] });
    }
  };
  if (secret !== null) {
    return (
      <Modal title="Token made" onClose={onClose}>
        <p>Copy it now: it shows this once and is stored nowhere in clear.</p>
        <code className="example secret">{secret}</code>
        <footer className="modal-foot">
          <button type="button" className="button" onClick={() => void copy(secret)}>
            Copy
          </button>
          <button type="button" className="button primary" onClick={onClose}>
            Done
          </button>
        </footer>
      </Modal>
    );
  }
  return (
    <Modal title="New token" onClose={onClose} keep={name !== ""}>
      <form onSubmit={submit}>
        <label className="field">
          Name, as the audit trail shows it
          <input
            required
            maxLength={64}
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        </label>
        <label className="field">
          Role
          <select value={role} onChange={({ target }) => setRole(target.value as Role)}>
            <option value="viewer">viewer: looks</option>
            <option value="operator">operator: also runs, pauses, edits, deletes</option>
            <option value="admin">admin: also keys and tokens</option>
          </select>
        </label>
        <label className="field">
          Tenants, separated by commas; empty for all
          <input
            value={tenants}
            autoCapitalize="off"
            onChange={({ target }) => setTenants(target.value)}
          />
        </label>
        <footer className="modal-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={busy || name.trim() === ""}>
            {busy ? "Making…" : "Make token"}
          </button>
        </footer>
      </form>
    </Modal>
  );
}
