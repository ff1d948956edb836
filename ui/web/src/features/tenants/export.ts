import { http, ok } from "../../shared/api/http.ts";
import type { Schedule } from "../../shared/api/types.ts";
import { csv } from "../../shared/csv.ts";
import { shown } from "../../shared/live/roster.ts";
import { getRoster } from "../../shared/live/store.ts";
import { plural } from "../../shared/time/format.ts";
import type { BulkPick } from "../../shared/ui/dialogs.ts";
import { saveFile } from "../../shared/ui/save.ts";
import { toast, toastError } from "../../shared/ui/toasts.tsx";

const PAGE = 1000;
/** Pages that are read at most, so that an export ends. */
const PAGES = 200;

const fields: [string, (schedule: Schedule) => string | number | boolean | null | undefined][] = [
  ["tenant", ({ tenant }) => tenant],
  ["state", ({ state }) => state],
  ["paused", ({ paused }) => paused],
  ["pause_reason", ({ pause }) => pause?.reason],
  ["interval_sec", ({ interval_sec }) => interval_sec],
  ["cron", ({ cron }) => cron],
  ["timezone", ({ timezone }) => timezone],
  ["next_run", ({ next_run_iso }) => next_run_iso],
  ["last_run", ({ last_run_iso }) => last_run_iso],
  ["last_state", ({ last_status }) => last_status?.state],
  ["imported", ({ last_status }) => last_status?.result.stats.imported],
  ["skipped", ({ last_status }) => last_status?.result.stats.skipped],
  ["failures", ({ failures }) => failures],
  ["message", ({ last_status }) => last_status?.message],
  ["note", ({ note }) => note],
  ["tags", ({ tags }) => tags.join(" ")],
];

export function schedulesCsv(schedules: readonly Schedule[]): string {
  return csv(
    fields.map(([name]) => name),
    schedules.map((schedule) => fields.map(([, read]) => read(schedule))),
  );
}

/** The schedules that are picked: those at hand, or all pages of those that match. */
async function picked(source: string, pick: BulkPick): Promise<Schedule[]> {
  if (pick.tenants) {
    const { rows } = getRoster();
    return pick.tenants.flatMap((tenant) => shown(rows.get(tenant)) ?? []);
  }
  const { all: _, tenants: __, ...query } = pick;
  const found: Schedule[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES; page += 1) {
    const { schedules, next_cursor }: { schedules: Schedule[]; next_cursor: string | null } = ok(
      await http.GET("/api/crm/import/{source}/schedules", {
        params: {
          path: { source },
          query: { ...query, limit: PAGE, ...(cursor ? { cursor } : {}) },
        },
      }),
    );
    found.push(...schedules);
    cursor = next_cursor;
    if (cursor === null) break;
  }
  return found;
}

/** Saves what is picked as a file. */
export async function saveSchedules(
  source: string,
  pick: BulkPick,
  format: "csv" | "json",
): Promise<void> {
  try {
    const schedules = await picked(source, pick);
    const time = new Date().toISOString().slice(0, 16).replace(/[-:]/g, "");
    const [text, type] =
      format === "csv"
        ? [schedulesCsv(schedules), "text/csv"]
        : [JSON.stringify(schedules, null, 2), "application/json"];
    saveFile(`schedules-${time}Z.${format}`, text, type);
    toast({ tone: "ok", title: `Exported ${plural(schedules.length, "schedule")}` });
  } catch (error) {
    toastError("Export", error, () => void saveSchedules(source, pick, format));
  }
}
