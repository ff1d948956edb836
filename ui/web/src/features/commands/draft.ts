import type { components } from "../../shared/api/schema.d.ts";
import type { Schedule } from "../../shared/api/types.ts";
import { presets } from "../../shared/schedules/presets.ts";
import { every } from "../../shared/time/format.ts";

export type ScheduleRequest = components["schemas"]["ScheduleRequest"];

/** What the form holds, as text: the server is who says whether it is right. */
export interface Draft {
  tenant: string;
  kind: "interval" | "cron";
  preset: string;
  amount: string;
  unit: string;
  cron: string;
  timezone: string;
  jitter: string;
  timeout: string;
  overlap: Schedule["overlap"];
  catchUp: string;
  note: string;
  tags: string;
  paused: boolean;
  /** A new schedule's first slot: right away, or one interval later. */
  later: boolean;
  reason: string;
}

export function draftOf(schedule: Schedule | undefined): Draft {
  const interval = schedule ? schedule.interval_sec : 300;
  const isPreset = presets.some((preset) => preset === interval);
  const unit = interval && interval % 3600 === 0 ? 3600 : interval && interval % 60 === 0 ? 60 : 1;
  return {
    tenant: schedule?.tenant ?? "",
    kind: schedule?.cron ? "cron" : "interval",
    preset: isPreset ? String(interval) : "custom",
    amount: String((interval ?? 300) / unit),
    unit: String(unit),
    cron: schedule?.cron ?? "*/15 6-20 * * MON-FRI",
    timezone: schedule?.timezone ?? "UTC",
    jitter: String(schedule?.jitter_sec ?? 0),
    timeout: schedule ? String(schedule.timeout_sec) : "",
    overlap: schedule?.overlap ?? "skip",
    catchUp:
      typeof schedule?.catch_up === "object"
        ? String(schedule.catch_up.all)
        : (schedule?.catch_up ?? "latest"),
    note: schedule?.note ?? "",
    tags: schedule?.tags.join(", ") ?? "",
    paused: false,
    later: false,
    reason: "",
  };
}

export function seconds(draft: Draft): number {
  return draft.preset === "custom"
    ? Number(draft.amount) * Number(draft.unit)
    : Number(draft.preset);
}

/** What differs from how the form began; everything for a new schedule. */
export function requestOf(draft: Draft, base: Draft | undefined): ScheduleRequest {
  const request: ScheduleRequest = {};
  const differs = (...names: (keyof Draft)[]) =>
    base === undefined || names.some((name) => draft[name] !== base[name]);
  if (differs("kind", "preset", "amount", "unit", "cron", "timezone")) {
    if (draft.kind === "cron") {
      request.cron = draft.cron.trim();
      request.timezone = draft.timezone.trim();
    } else request.interval_sec = seconds(draft);
  }
  if (differs("jitter") && (base || draft.jitter !== "0"))
    request.jitter_sec = Number(draft.jitter);
  if (differs("timeout") && draft.timeout !== "") request.timeout_sec = Number(draft.timeout);
  if (differs("overlap") && (base || draft.overlap !== "skip")) request.overlap = draft.overlap;
  if (differs("catchUp") && (base || draft.catchUp !== "latest")) {
    const { catchUp } = draft;
    request.catch_up =
      catchUp === "latest" || catchUp === "skip" ? catchUp : { all: Number(catchUp) };
  }
  if (differs("note") && (base || draft.note !== "")) request.note = draft.note.trim() || null;
  if (differs("tags") && (base || draft.tags !== "")) {
    request.tags = draft.tags.split(/[\s,]+/).filter(Boolean);
  }
  return request;
}

/** When a new schedule begins, where not right away: a paused one must not run before it is paused. */
export function startOf(draft: Draft, nowMs: number): Pick<ScheduleRequest, "starts_at"> {
  if (draft.kind === "cron" || !(draft.later || draft.paused)) return {};
  return { starts_at: new Date(nowMs + seconds(draft) * 1000).toISOString() };
}

/** What is decided on as one when two people have edited: a timing is not mixed from two. */
export interface Part {
  label: string;
  fields: readonly (keyof Draft)[];
  words(draft: Draft): string;
}

const plain = (label: string, field: keyof Draft, unit = ""): Part => ({
  label,
  fields: [field],
  words: (draft) => (draft[field] === "" ? "none" : `${draft[field]}${unit}`),
});

export const parts: readonly Part[] = [
  {
    label: "When",
    fields: ["kind", "preset", "amount", "unit", "cron", "timezone"],
    words: (draft) =>
      draft.kind === "cron" ? `${draft.cron} ${draft.timezone}` : every(seconds(draft)),
  },
  plain("Jitter", "jitter", " s"),
  plain("Timeout", "timeout", " s"),
  {
    label: "Overlap",
    fields: ["overlap"],
    words: ({ overlap }) => (overlap === "skip" ? "skip the slot" : "run once afterwards"),
  },
  plain("Catch-up", "catchUp"),
  plain("Note", "note"),
  plain("Tags", "tags"),
];

export type Side = "mine" | "theirs";

export interface Difference {
  part: Part;
  /** Whether both have changed it, to different things: only then there is something to decide. */
  isConflict: boolean;
  /** What is kept unless somebody decides otherwise. */
  side: Side;
}

/** Where two edits of the same schedule differ. */
export function differencesOf(base: Draft, mine: Draft, theirs: Draft): Difference[] {
  return parts.flatMap((part) => {
    const isMine = part.words(mine) !== part.words(base);
    const isTheirs = part.words(theirs) !== part.words(base);
    if (part.words(mine) === part.words(theirs)) return [];
    return [{ part, isConflict: isMine && isTheirs, side: isMine ? "mine" : "theirs" }];
  });
}

/** Their schedule with those parts of mine that are to be kept. */
export function merged(mine: Draft, theirs: Draft, kept: readonly Part[]): Draft {
  const fields = kept.flatMap((part) => part.fields);
  return { ...theirs, ...Object.fromEntries(fields.map((field) => [field, mine[field]])) };
}
