import { useEffect, useRef, useState } from "react";
import { useMay } from "../../shared/api/session.ts";
import { setPrefs, usePrefs } from "../../shared/prefs.ts";
import { stateLooks } from "../../shared/ui/badge.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Icon } from "../../shared/ui/icons.tsx";
import { type Item, Menu } from "../../shared/ui/menu.tsx";
import type { ParamValue } from "../../shared/url.ts";
import { type Filter, inWords, isNarrow, states, toPick } from "./filter.ts";

export function Toolbar({
  filter,
  change,
  locked,
}: {
  filter: Filter;
  change: (changes: Record<string, ParamValue>) => void;
  locked: string | null;
}) {
  const { density } = usePrefs();
  const may = useMay();
  const active = filter.states.length + (filter.tag ? 1 : 0) + (filter.overdue ? 1 : 0);
  const toggle = (state: (typeof states)[number]) => {
    const next = states.filter((each) => filter.states.includes(each) !== (each === state));
    change({ state: next.join(",") });
  };
  const bulk = (): Item[] => {
    const pick = toPick(filter);
    const words = inWords(filter);
    const which = isNarrow(filter) ? "matching" : "all";
    const off = locked !== null || filter.overdue;
    return [
      {
        label: `Pause ${which}…`,
        icon: "pause",
        disabled: off,
        onSelect: () => openDialog({ kind: "bulk", operation: "pause", pick, words }),
      },
      {
        label: `Resume ${which}…`,
        icon: "play",
        disabled: off,
        onSelect: () => openDialog({ kind: "bulk", operation: "resume", pick, words }),
      },
      {
        label: `Run ${which} now…`,
        icon: "run",
        disabled: off,
        onSelect: () => openDialog({ kind: "bulk", operation: "run-now", pick, words }),
      },
      {
        label: `Set interval of ${which}…`,
        icon: "clock",
        disabled: off,
        onSelect: () => openDialog({ kind: "bulk", operation: "set-interval", pick, words }),
      },
      {
        label: `Delete ${which}…`,
        icon: "trash",
        danger: true,
        disabled: off,
        onSelect: () => openDialog({ kind: "bulk", operation: "delete", pick, words }),
      },
    ];
  };
  return (
    <div className="toolbar tenants-toolbar" role="search" aria-label="Tenants">
      <Search value={filter.q} onChange={(q) => change({ q })} />
      <details className="filters">
        <summary className="button">
          <Icon name="filter" />
          {active === 0 ? "Filters" : `${active} ${active === 1 ? "filter" : "filters"}`}
        </summary>
        <div className="filters-panel">
          <fieldset>
            <legend>Status</legend>
            <div className="chips">
              {states.map((state) => (
                <label key={state} className="chip" data-tone={stateLooks[state].tone}>
                  <input
                    type="checkbox"
                    checked={filter.states.includes(state)}
                    onChange={() => toggle(state)}
                  />
                  {stateLooks[state].word}
                </label>
              ))}
              <label className="chip" data-tone="warn">
                <input
                  type="checkbox"
                  checked={filter.overdue}
                  onChange={() => change({ overdue: !filter.overdue })}
                />
                OVERDUE
              </label>
            </div>
          </fieldset>
          <label className="field">
            Tag
            <Debounced value={filter.tag} placeholder="any" onChange={(tag) => change({ tag })} />
          </label>
          {active > 0 && (
            <button
              type="button"
              className="link"
              onClick={() => change({ state: null, tag: null, overdue: null })}
            >
              Clear the filters
            </button>
          )}
        </div>
      </details>
      <label className="inline-field">
        <span>Sort</span>
        <select
          value={filter.sort}
          disabled={filter.overdue}
          onChange={({ target }) =>
            change({ sort: target.value === "tenant" ? null : target.value })
          }
        >
          <option value="tenant">Name</option>
          <option value="next_run">Next run</option>
          <option value="last_run">Last run</option>
        </select>
      </label>
      <button
        type="button"
        className="button density"
        aria-pressed={density === "compact"}
        onClick={() => setPrefs({ density: density === "compact" ? "comfortable" : "compact" })}
      >
        <Icon name="menu" />
        Compact
      </button>
      {may.operate && (
        <Menu label="Bulk actions" className="button" items={bulk}>
          <Icon name="list" />
          {isNarrow(filter) ? "All matching" : "All tenants"}
        </Menu>
      )}
    </div>
  );
}

function Search({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <div className="search">
      <Icon name="search" />
      <label className="visually-hidden" htmlFor="search">
        Search tenants
      </label>
      <Debounced id="search" value={value} placeholder="Search tenants" onChange={onChange} />
      <kbd>/</kbd>
    </div>
  );
}

/** A text field that tells of its text once the person has stopped typing. */
function Debounced({
  id,
  value,
  placeholder,
  onChange,
}: {
  id?: string;
  value: string;
  placeholder: string;
  onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => {
      told.current = text;
      onChange(text.trim());
    }, 200);
    return () => clearTimeout(timer);
  }, [text, onChange]);
  return (
    <input
      id={id}
      type="search"
      value={text}
      placeholder={placeholder}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      maxLength={128}
      onChange={({ target }) => setText(target.value)}
    />
  );
}
