import { useState } from "react";
import { useCapabilities } from "../../shared/api/session.ts";
import { presets } from "../../shared/schedules/presets.ts";
import { every } from "../../shared/time/format.ts";
import { Icon } from "../../shared/ui/icons.tsx";

/** The interval in words; a press turns it into a choice, in place. */
export function IntervalEdit({
  tenant,
  interval,
  cron,
  disabled,
  onChange,
  onCustom,
}: {
  tenant: string;
  interval: number | null;
  cron: string | null;
  disabled: boolean;
  onChange: (interval: number) => void;
  onCustom: () => void;
}) {
  const [editing, setEditing] = useState(false);
  const { min_interval_sec: min = 5, max_interval_sec: max = 604_800 } = useCapabilities() ?? {};
  const words = interval === null ? (cron ?? "—") : every(interval);
  if (!editing) {
    return disabled ? (
      <span className="interval">{words}</span>
    ) : (
      <button
        type="button"
        className="interval"
        aria-label={`${words}, edit the interval of ${tenant}`}
        onClick={() => setEditing(true)}
      >
        {words}
        <Icon name="edit" />
      </button>
    );
  }
  const offered = presets.filter((preset) => preset >= min && preset <= max && preset !== interval);
  return (
    <select
      className="interval-select"
      aria-label={`Interval of ${tenant}`}
      // biome-ignore lint/a11y/noAutofocus: the person has just asked for this very control
      autoFocus
      value="now"
      onBlur={() => setEditing(false)}
      onKeyDown={(event) => event.key === "Escape" && setEditing(false)}
      onChange={({ target }) => {
        setEditing(false);
        if (target.value === "custom") onCustom();
        else onChange(Number(target.value));
      }}
    >
      <option value="now">{words}</option>
      {offered.map((preset) => (
        <option key={preset} value={preset}>
          {every(preset)}
        </option>
      ))}
      <option value="custom">Custom…</option>
    </select>
  );
}
