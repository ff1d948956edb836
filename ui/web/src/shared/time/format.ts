const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** A slot counts as overdue only after this many seconds: the scheduler needs a moment. */
export const GRACE = 10;

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** A span of seconds in at most two units: "42s", "3m 05s", "2h 10m", "4d 02h". */
export function span(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < MINUTE) return `${s}s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)}m ${two(s % MINUTE)}s`;
  if (s < DAY) return `${Math.floor(s / HOUR)}h ${two(Math.floor((s % HOUR) / MINUTE))}m`;
  return `${Math.floor(s / DAY)}d ${two(Math.floor((s % DAY) / HOUR))}h`;
}

/** Text for the time left until `due` (epoch seconds): "42s", "due now", "overdue 3m 00s", "—" if never. */
export function countdown(due: number | null | undefined, nowMs: number): string {
  if (due == null) return "—";
  const left = Math.ceil(due - nowMs / 1000);
  if (left > 0) return span(left);
  return isOverdue(due, nowMs) ? `overdue ${span(-left)}` : "due now";
}

export function isOverdue(due: number | null | undefined, nowMs: number): boolean {
  return due != null && nowMs / 1000 - due > GRACE;
}

/** How long ago, roughly: "just now", "42 s ago", "5 min ago", "3 h ago", "2 d ago". */
export function ago(then: number, nowMs: number): string {
  const s = Math.floor(nowMs / 1000 - then);
  if (s < 5) return "just now";
  if (s < MINUTE) return `${s} s ago`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min ago`;
  if (s < DAY) return `${Math.floor(s / HOUR)} h ago`;
  return `${Math.floor(s / DAY)} d ago`;
}

/** An interval in words: "every 5 min". */
export function every(seconds: number): string {
  const units: [number, string][] = [
    [DAY, "d"],
    [HOUR, "h"],
    [MINUTE, "min"],
  ];
  for (const [size, name] of units) {
    if (seconds % size === 0) return `every ${seconds / size} ${name}`;
  }
  return `every ${seconds} s`;
}

/** A duration in milliseconds: "840 ms", "3.2 s", "2m 05s". */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return "—";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return span(ms / 1000);
}

export type Zone = "utc" | "local";

/** An instant (epoch seconds) with its zone: "2026-11-22 14:05:09 UTC". */
export function stamp(seconds: number, zone: Zone): string {
  const date = new Date(seconds * 1000);
  if (zone === "utc") return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const minutes = -date.getTimezoneOffset();
  const sign = minutes < 0 ? "-" : "+";
  const away = `${sign}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${day} ${time} ${away}`;
}

/** The time of day only, with its zone. */
export function clockTime(seconds: number, zone: Zone): string {
  const [, time = "", away = ""] = stamp(seconds, zone).split(" ");
  return `${time} ${away}`;
}

/** ISO 8601 in UTC with whole seconds. */
export function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d{3}Z$/, "Z");
}

const numbers = new Intl.NumberFormat("en");

export function count(number: number): string {
  return numbers.format(number);
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}
