import { type FormEvent, useState } from "react";
import { http, ok } from "../../shared/api/http.ts";
import { explained } from "../../shared/api/problem.ts";
import { useTitle } from "../../shared/ui/title.ts";

/** Trades a token for a session; the token itself is kept nowhere here. */
export default function SignIn({ onDone }: { onDone: () => void }) {
  useTitle("Sign in");
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      ok(await http.POST("/api/session", { body: { token: token.trim() } }));
      setToken("");
      onDone();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="sign-in card">
      <h1 tabIndex={-1}>Sign in</h1>
      <p className="faint">
        Paste an access token. It is traded for a session of twelve hours and not stored in this
        browser.
      </p>
      <form onSubmit={submit}>
        <input type="text" name="username" autoComplete="username" value="token" readOnly hidden />
        <label className="field">
          Access token
          <input
            type="password"
            autoComplete="current-password"
            required
            maxLength={256}
            value={token}
            aria-invalid={error !== null || undefined}
            aria-describedby="sign-in-error"
            onChange={({ target }) => setToken(target.value)}
          />
        </label>
        <p id="sign-in-error" className="field-error" role="alert">
          {error !== null && `${explained(error).title}: ${explained(error).detail}`}
        </p>
        <button type="submit" className="button primary" disabled={busy || token.trim() === ""}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
      <p className="faint">
        An admin makes tokens with <code>command-center token create</code> or under Settings.
      </p>
    </section>
  );
}
