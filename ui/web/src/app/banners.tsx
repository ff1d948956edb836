import { useQuery } from "@tanstack/react-query";
import { healthQuery } from "../shared/api/health.ts";
import { isIos, isStandalone, postponeInstall, useInstall } from "../shared/install.ts";
import { useLive } from "../shared/live/live.ts";
import { usePrefs } from "../shared/prefs.ts";
import { stamp } from "../shared/time/format.ts";
import { useDialog } from "../shared/ui/dialogs.ts";
import { useUpdate } from "./worker.ts";

/** One message about the whole at a time, the gravest first. */
export function Banners() {
  const live = useLive();
  const { zone, noInstallBefore } = usePrefs();
  const update = useUpdate();
  const install = useInstall();
  const dialog = useDialog();
  const health = useQuery(healthQuery);
  const ticker = health.data?.components.ticker;

  if (live.kind === "offline") {
    return (
      <p className="banner" data-tone="warn" role="status">
        <strong>Offline.</strong> What you see is from{" "}
        {live.heard > 0 ? stamp(live.heard / 1000, zone) : "your last visit"}. Commands wait until
        the network is back.
      </p>
    );
  }
  if (ticker && !ticker.ok) {
    return (
      <p className="banner" data-tone="error" role="alert">
        <strong>The scheduler stands still:</strong> {ticker.detail}. Nothing runs by itself.
      </p>
    );
  }
  if (update && dialog === null) {
    return (
      <p className="banner" data-tone="info">
        A new version is ready.{" "}
        <button type="button" className="button small" onClick={update}>
          Update
        </button>
      </p>
    );
  }
  if (isStandalone() || Date.now() < noInstallBefore) return null;
  if (install) {
    return (
      <p className="banner invitation" data-tone="info">
        <span>Install the Command Center as an app.</span>
        <button type="button" className="button small" onClick={install.install}>
          Install
        </button>
        <button type="button" className="link" onClick={postponeInstall}>
          Not now
        </button>
      </p>
    );
  }
  if (isIos()) {
    return (
      <p className="banner invitation" data-tone="info">
        <span>To install: tap Share, then “Add to Home Screen”.</span>
        <button type="button" className="link" onClick={postponeInstall}>
          Not now
        </button>
      </p>
    );
  }
  return null;
}
