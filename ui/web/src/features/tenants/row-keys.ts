import { type RefObject, useEffect, useRef, useState } from "react";
import { shown } from "../../shared/live/roster.ts";
import { getRoster } from "../../shared/live/store.ts";
import { getPrefs } from "../../shared/prefs.ts";
import type { Actions } from "../../shared/schedules/actions.ts";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { isTyping } from "../../shared/ui/keys.ts";
import { tenantPath } from "../../shared/url.ts";

interface Options {
  tenants: readonly string[];
  list: RefObject<HTMLElement | null>;
  scrollTo: (index: number) => void;
  actions: Actions;
  locked: string | null;
  select: (tenant: string, range: boolean) => void;
  navigate: (path: string) => void;
}

/** The keys of the table. The focus follows the tenant, wherever its row moves. */
export function useRowKeys(options: Options) {
  const [current, setCurrent] = useState<string | null>(null);
  const latest = useRef({ ...options, current });
  latest.current = { ...options, current };

  useEffect(() => {
    const move = (step: number) => {
      const { tenants, current, scrollTo } = latest.current;
      const at = current === null ? -1 : tenants.indexOf(current);
      const index = Math.max(0, Math.min(tenants.length - 1, at + step));
      const tenant = tenants[index];
      if (tenant === undefined) return;
      setCurrent(tenant);
      scrollTo(index);
      const find = (tries: number) => {
        const row = latest.current.list.current?.querySelector<HTMLElement>(
          `[data-tenant="${CSS.escape(tenant)}"]`,
        );
        if (row) row.focus({ preventScroll: true });
        else if (tries > 0) requestAnimationFrame(() => find(tries - 1));
      };
      requestAnimationFrame(() => find(10));
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
      const { list, current, actions, locked, select, navigate } = latest.current;
      const focused = document.activeElement;
      const inRow = focused instanceof HTMLElement && list.current?.contains(focused);
      const onRow = inRow && focused.matches("[data-tenant]");
      const letters = getPrefs().keys;
      if (letters && event.key === "j") move(1);
      else if (letters && event.key === "k") move(-1);
      else if (onRow && event.key === "ArrowDown") move(1);
      else if (onRow && event.key === "ArrowUp") move(-1);
      else if (!inRow || current === null) return;
      else if (onRow && event.key === "Enter") navigate(tenantPath(current));
      else if (!letters) return;
      else if (event.key === "x") select(current, false);
      else if (event.key === "X") select(current, true);
      else if (locked !== null) return;
      else if (event.key === "p") {
        const paused = shown(getRoster().rows.get(current))?.paused;
        void (paused ? actions.resume(current) : actions.pause(current));
      } else if (event.key === "r") void actions.runNow(current);
      else if (event.key === "e") openDialog({ kind: "form", tenant: current });
      else if (event.key === "#") openDialog({ kind: "delete", tenant: current });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);

  return { current, setCurrent };
}
