import { usePrefs } from "../prefs.ts";
import { useNow, useSlowNow } from "../time/clock.ts";
import { ago, countdown, isOverdue, iso, span, stamp } from "../time/format.ts";

/** How long ago, with the instant itself one hover away. */
export function Ago({ at }: { at: number | null | undefined }) {
  const now = useSlowNow();
  const { zone } = usePrefs();
  if (at == null) return <span className="faint">never</span>;
  return (
    <time dateTime={iso(at)} title={stamp(at, zone)}>
      {ago(at, now)}
    </time>
  );
}

/** The instant in the chosen zone. */
export function Stamp({ at }: { at: number | null | undefined }) {
  const { zone } = usePrefs();
  if (at == null) return <span className="faint">—</span>;
  return (
    <time className="stamp" dateTime={iso(at)}>
      {stamp(at, zone)}
    </time>
  );
}

/** The time left until `due`, second by second. Not announced: a countdown would never be silent. */
export function Countdown({ due }: { due: number | null | undefined }) {
  const now = useNow();
  const { zone } = usePrefs();
  if (due == null) return <span className="faint">—</span>;
  const late = isOverdue(due, now);
  return (
    <time
      className="countdown"
      data-late={late || undefined}
      dateTime={iso(due)}
      title={stamp(due, zone)}
    >
      {countdown(due, now)}
    </time>
  );
}

/** How long something has been going on. */
export function Elapsed({ since }: { since: number }) {
  const now = useNow();
  return <span className="countdown">{span(now / 1000 - since)}</span>;
}
