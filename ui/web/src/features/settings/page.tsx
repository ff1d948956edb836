import { Link } from "wouter";
import { useMay } from "../../shared/api/session.ts";
import { isIos, isStandalone, useInstall } from "../../shared/install.ts";
import { setPrefs, usePrefs } from "../../shared/prefs.ts";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { useTitle } from "../../shared/ui/title.ts";
import { Tokens } from "./tokens.tsx";

export default function SettingsPage() {
  useTitle("Settings");
  const prefs = usePrefs();
  const install = useInstall();
  const { administer } = useMay();
  return (
    <>
      <div className="page-head">
        <h1 tabIndex={-1}>Settings</h1>
        <Link className="button health-link" href="/health">
          Health
        </Link>
      </div>
      <div className="overview pair">
        <section className="card settings" aria-labelledby="look">
          <h2 id="look">This device</h2>
          <label className="field">
            Theme
            <select
              value={prefs.theme}
              onChange={({ target }) => setPrefs({ theme: target.value as typeof prefs.theme })}
            >
              <option value="system">as the system</option>
              <option value="light">light</option>
              <option value="dark">dark</option>
            </select>
          </label>
          <label className="field">
            Times in
            <select
              value={prefs.zone}
              onChange={({ target }) => setPrefs({ zone: target.value as typeof prefs.zone })}
            >
              <option value="utc">UTC</option>
              <option value="local">
                local time ({Intl.DateTimeFormat().resolvedOptions().timeZone})
              </option>
            </select>
          </label>
          <label className="field">
            Refresh
            <select
              value={prefs.refreshSec ?? "host"}
              onChange={({ target }) =>
                setPrefs({ refreshSec: target.value === "host" ? null : Number(target.value) })
              }
            >
              <option value="host">live, or as the host advises</option>
              <option value="5">every 5 s</option>
              <option value="15">every 15 s</option>
              <option value="30">every 30 s</option>
              <option value="60">every 60 s</option>
              <option value="0">only by hand</option>
            </select>
          </label>
          <label className="field">
            Density
            <select
              value={prefs.density}
              onChange={({ target }) => setPrefs({ density: target.value as typeof prefs.density })}
            >
              <option value="comfortable">comfortable</option>
              <option value="compact">compact</option>
            </select>
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={prefs.keys}
              onChange={({ target }) => setPrefs({ keys: target.checked })}
            />
            Single-letter shortcuts
          </label>
          <button type="button" className="link start" onClick={() => openDialog({ kind: "keys" })}>
            Show the shortcuts
          </button>
        </section>
        <section className="card" aria-labelledby="install">
          <h2 id="install">App</h2>
          {isStandalone() ? (
            <p>Installed: this is the app.</p>
          ) : install ? (
            <button type="button" className="button primary" onClick={install.install}>
              Install
            </button>
          ) : isIos() ? (
            <p>Tap Share, then “Add to Home Screen”.</p>
          ) : (
            <p className="faint">
              The browser offers the installation once it sees fit, on HTTPS or on localhost.
            </p>
          )}
        </section>
        {administer && <Tokens />}
      </div>
    </>
  );
}
