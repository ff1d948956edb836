import { expect, it } from "vitest";
import { NOW, run } from "../../test/fixtures.ts";
import { linesOf, logText } from "./log.tsx";
import { steps } from "./phases.tsx";

const phase = (name: string, started: number, duration_ms: number) => ({
  name,
  started,
  started_iso: "",
  duration_ms,
  requests: 1,
  records: 25,
});
const names = (part: Parameters<typeof run>[0]) =>
  steps(run(part), NOW).map(({ name, begin, end }) => [name, begin - NOW, end - NOW]);

it("tells a run from the slot to the end", () => {
  const phases = [phase("jobs, page 1", NOW - 59, 500), phase("jobs, page 2", NOW - 58.5, 250)];
  expect(names({ slot: NOW - 62, started: NOW - 60, finished: NOW - 58, phases })).toEqual([
    ["queued", -62, -60],
    ["started", -60, -59],
    ["jobs, page 1", -59, -58.5],
    ["jobs, page 2", -58.5, -58.25],
    ["stored, finished", -58.25, -58],
  ]);
});

it("says where a run has failed, and goes on while one runs", () => {
  const error = { kind: "transient", message: "/jobs answered 500", retryable: true } as const;
  expect(names({ slot: null, state: "failed", error }).at(-1)).toEqual(["failed", -60, -58]);
  expect(names({ slot: null, state: "running", finished: null })).toEqual([["running", -60, 0]]);
  expect(names({ state: "cancelled", attempt: 2 })).toEqual([["stopped", -60, -58]]);
});

it("ends the log with the failure", () => {
  const error = { kind: "auth", message: "key refused", retryable: false } as const;
  const log = [{ at: NOW, at_iso: "", level: "warn" as const, message: "slow" }];
  const lines = linesOf(run({ log, error, finished: NOW + 1 }));
  expect(logText(lines)).toBe(
    "2026-11-22T12:20:00.000Z WARN  slow\n2026-11-22T12:20:01.000Z ERROR auth: key refused\n",
  );
});
