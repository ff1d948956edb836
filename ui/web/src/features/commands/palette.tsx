import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { http, ok } from "../../shared/api/http.ts";
import { useSource } from "../../shared/api/session.ts";
import { useLocked } from "../../shared/locked.ts";
import { setPrefs, usePrefs } from "../../shared/prefs.ts";
import { useActions } from "../../shared/schedules/actions.ts";
import { type BulkOperation, openDialog } from "../../shared/ui/dialogs.ts";
import { Icon, type IconName } from "../../shared/ui/icons.tsx";
import { Modal } from "../../shared/ui/modal.tsx";
import { tenantPath } from "../../shared/url.ts";

interface Entry {
  label: string;
  hint: string;
  icon: IconName;
  run: () => void;
}

const verbs = ["pause", "resume", "run", "edit", "delete"] as const;
type Verb = (typeof verbs)[number];

/** "pause acme" and "run acme now" hold a verb and what a tenant's name begins with. */
export function asked(text: string): { verb: Verb | undefined; rest: string } {
  const [first = "", ...others] = text.trim().toLowerCase().split(/\s+/);
  const verb = verbs.find((known) => known === first);
  if (!verb) return { verb: undefined, rest: text.trim().toLowerCase() };
  return { verb, rest: others.filter((word) => word !== "now").join(" ") };
}

export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [, navigate] = useLocation();
  const source = useSource();
  const actions = useActions();
  const locked = useLocked();
  const { theme, zone, density } = usePrefs();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const { verb, rest } = asked(useDeferredValue(text));
  // "resume" alone offers those that are paused; "pause" those that are not.
  const state =
    verb === "resume" ? "paused" : verb === "pause" ? "ok,error,running,backoff,broken,never" : "";
  const found = useQuery({
    queryKey: ["palette", source, rest, state],
    enabled: rest !== "" || verb !== undefined,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      signal.throwIfAborted();
      const { schedules } = ok(
        await http.GET("/api/crm/import/{source}/schedules", {
          params: {
            path: { source },
            query: { ...(rest ? { q: rest } : {}), ...(state ? { state } : {}), limit: 8 },
          },
          signal,
        }),
      );
      return schedules.map((schedule) => schedule.tenant);
    },
  });

  const go = (label: string, path: string, icon: IconName): Entry => ({
    label,
    hint: "Page",
    icon,
    run: () => navigate(path),
  });
  const pages: Entry[] = [
    go("Tenants", "/", "list"),
    go("Failing tenants", "/?state=error,broken,backoff", "cross"),
    go("Timeline", "/timeline", "timeline"),
    go("Audit", "/audit", "audit"),
    go("Audit of deletions", "/audit?operation=delete", "audit"),
    go("Health", "/health", "heart"),
    go("Settings", "/settings", "gear"),
    {
      label: theme === "light" ? "Dark theme" : "Light theme",
      hint: "Setting",
      icon: theme === "light" ? "moon" : "sun",
      run: () => setPrefs({ theme: theme === "light" ? "dark" : "light" }),
    },
    {
      label: zone === "utc" ? "Show local time" : "Show UTC",
      hint: "Setting",
      icon: "clock",
      run: () => setPrefs({ zone: zone === "utc" ? "local" : "utc" }),
    },
    {
      label: density === "compact" ? "Comfortable rows" : "Compact rows",
      hint: "Setting",
      icon: "menu",
      run: () => setPrefs({ density: density === "compact" ? "comfortable" : "compact" }),
    },
    {
      label: "Keyboard shortcuts",
      hint: "Help",
      icon: "why",
      run: () => openDialog({ kind: "keys" }),
    },
  ];
  if (locked === null) {
    pages.push({
      label: "New schedule",
      hint: "Action",
      icon: "plus",
      run: () => openDialog({ kind: "form" }),
    });
    const bulk = (operation: BulkOperation, label: string, icon: IconName): Entry => ({
      label,
      hint: "Action on all",
      icon,
      run: () => openDialog({ kind: "bulk", operation, pick: { all: true }, words: "all tenants" }),
    });
    pages.push(
      bulk("pause", "Pause all tenants…", "pause"),
      bulk("resume", "Resume all tenants…", "play"),
      bulk("run-now", "Run all tenants now…", "run"),
      bulk("set-interval", "Set the interval of all tenants…", "clock"),
      bulk("delete", "Delete all tenants…", "trash"),
    );
  }
  const command = (verb: Verb, tenant: string): Entry => {
    const commands: Record<Verb, Omit<Entry, "hint">> = {
      pause: { label: `Pause ${tenant}`, icon: "pause", run: () => void actions.pause(tenant) },
      resume: { label: `Resume ${tenant}`, icon: "play", run: () => void actions.resume(tenant) },
      run: { label: `Run ${tenant} now`, icon: "run", run: () => void actions.runNow(tenant) },
      edit: {
        label: `Edit ${tenant}`,
        icon: "edit",
        run: () => openDialog({ kind: "form", tenant }),
      },
      delete: {
        label: `Delete ${tenant}…`,
        icon: "trash",
        run: () => openDialog({ kind: "delete", tenant }),
      },
    };
    return { ...commands[verb], hint: "Action" };
  };
  const tenants = rest === "" && verb === undefined ? [] : (found.data ?? []);
  const typed = text.trim().toLowerCase();
  const first = tenants[0];
  const places = (tenant: string): Entry[] => [
    go(`Runs of ${tenant}`, tenantPath(tenant, "?tab=runs"), "timeline"),
    go(`Audit of ${tenant}`, tenantPath(tenant, "?tab=audit"), "audit"),
    go(`Why did ${tenant} (not) run?`, tenantPath(tenant, "?tab=slots"), "why"),
  ];
  const entries: Entry[] =
    verb !== undefined && locked === null
      ? [
          ...tenants.map((tenant) => command(verb, tenant)),
          ...(verb === "pause" && first !== undefined
            ? [
                {
                  label: `Pause ${first} until…`,
                  hint: "Action",
                  icon: "clock" as const,
                  run: () => openDialog({ kind: "pause", tenant: first }),
                },
              ]
            : []),
          ...pages.filter(({ label }) => label.toLowerCase().startsWith(typed)),
        ]
      : [
          ...tenants.map((tenant) => ({
            label: tenant,
            hint: "Tenant",
            icon: "user" as const,
            run: () => navigate(tenantPath(tenant)),
          })),
          ...pages.filter(({ label }) => label.toLowerCase().includes(rest)),
          ...(locked === null && first !== undefined
            ? verbs.map((verb) => command(verb, first))
            : []),
          ...(first === undefined ? [] : places(first)),
        ];
  const index = Math.min(at, Math.max(0, entries.length - 1));
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  });
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    // The dialog gives the focus back first.
    setTimeout(entry.run);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt((index + 1) % Math.max(1, entries.length));
    else if (event.key === "ArrowUp")
      setAt((index - 1 + entries.length) % Math.max(1, entries.length));
    else if (event.key === "Enter") choose(entries[index]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal title="Commands" onClose={onClose} wide>
      <label className="search palette-search">
        <Icon name="search" />
        <span className="visually-hidden">Command or tenant</span>
        <input
          role="combobox"
          aria-expanded={entries.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={entries.length > 0 ? `${id}-${index}` : undefined}
          aria-autocomplete="list"
          value={text}
          placeholder="A tenant, a page, or “pause acme”"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          onChange={({ target }) => {
            setText(target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label="Results"
        className="palette-list"
      >
        {entries.map((entry, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys and the focus
          <div
            key={`${entry.hint} ${entry.label}`}
            id={`${id}-${place}`}
            role="option"
            aria-selected={place === index}
            className="palette-entry"
            onClick={() => choose(entry)}
            onMouseMove={() => setAt(place)}
          >
            <Icon name={entry.icon} />
            <span>{entry.label}</span>
            <span className="faint">{entry.hint}</span>
          </div>
        ))}
      </div>
      {entries.length === 0 && (
        <p className="faint" role="status">
          {found.isFetching
            ? "Searching…"
            : found.isError
              ? "The search failed."
              : "Nothing matches."}
        </p>
      )}
    </Modal>
  );
}
