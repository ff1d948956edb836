import { useState } from "react";
import { useSource } from "../../shared/api/session.ts";
import { count, plural } from "../../shared/time/format.ts";
import { type BulkOperation, openDialog } from "../../shared/ui/dialogs.ts";
import { Icon, type IconName } from "../../shared/ui/icons.tsx";
import { Menu } from "../../shared/ui/menu.tsx";
import { type Filter, toPick } from "./filter.ts";

const operations: { operation: BulkOperation; label: string; icon: IconName }[] = [
  { operation: "pause", label: "Pause", icon: "pause" },
  { operation: "resume", label: "Resume", icon: "play" },
  { operation: "run-now", label: "Run now", icon: "run" },
  { operation: "set-interval", label: "Set interval", icon: "clock" },
  { operation: "delete", label: "Delete", icon: "trash" },
];

/** What can be done with the rows that are selected, or with all that the filter picks. */
export function BulkBar({
  chosen,
  total,
  allChosen,
  filter,
  words,
  locked,
  onClear,
}: {
  chosen: string[];
  total: number | null;
  /** Every loaded row is selected, and there are more. */
  allChosen: boolean;
  filter: Filter;
  words: string;
  locked: string | null;
  onClear: () => void;
}) {
  const source = useSource();
  const [everything, setEverything] = useState(false);
  const wide = everything && allChosen;
  const pick = wide ? toPick(filter) : { tenants: chosen };
  const save = async (format: "csv" | "json") =>
    (await import("./export.ts")).saveSchedules(source, pick, format);
  return (
    <section className="bulk-bar" aria-label="Selection">
      <strong>
        {wide ? `All ${total === null ? "matching" : count(total)}` : `${count(chosen.length)}`}{" "}
        selected
      </strong>
      {allChosen && !wide && (
        <button type="button" className="link" onClick={() => setEverything(true)}>
          Select all {total === null ? "" : `${count(total)} `}matching
        </button>
      )}
      <div className="bulk-actions">
        {operations.map(({ operation, label, icon }) => (
          <button
            key={operation}
            type="button"
            className="button small"
            data-danger={operation === "delete" || undefined}
            disabled={locked !== null}
            title={locked ?? undefined}
            onClick={() =>
              openDialog({
                kind: "bulk",
                operation,
                pick,
                words: wide ? words : plural(chosen.length, "selected tenant"),
              })
            }
          >
            <Icon name={icon} />
            {label}
          </button>
        ))}
        <Menu
          label="Export the selection"
          className="button small"
          items={() => [
            { label: "As CSV", icon: "download", onSelect: () => void save("csv") },
            { label: "As JSON", icon: "download", onSelect: () => void save("json") },
          ]}
        >
          <Icon name="download" />
          Export
        </Menu>
        <button type="button" className="button small bulk-clear" onClick={onClear}>
          <Icon name="cross" />
          Clear
        </button>
      </div>
    </section>
  );
}
