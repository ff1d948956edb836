import { expect, it } from "vitest";
import type { LiveState } from "../shared/live/live.ts";
import { pillText } from "./live-pill.tsx";

const now = 1_795_350_000_000;
const text = (part: Partial<LiveState>) =>
  pillText({ kind: "polling", heard: now - 1000, everySec: 15, ...part }, now, "utc").text;

it("never lies about how fresh the page is", () => {
  expect(text({ kind: "connecting", heard: 0 })).toBe("Connecting");
  expect(text({ kind: "live" })).toBe("Live");
  expect(text({})).toBe("Refreshing every 15 s");
  expect(text({ heard: now - 120_000 })).toBe("Stale 2m 00s");
  expect(text({ kind: "failing" })).toBe("Stale 1s");
  expect(text({ kind: "failing", heard: 0 })).toBe("No answer");
  expect(text({ kind: "paused", heard: now - 900_000 })).toBe("Paused (tap to refresh)");
  expect(text({ kind: "offline" })).toMatch(/^Offline, data from \d\d:\d\d:\d\d UTC$/);
});
