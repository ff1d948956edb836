import { describe, expect, it } from "vitest";
import { ago, countdown, duration, every, isOverdue, iso, plural, span, stamp } from "./format.ts";

const now = 1_795_350_000;
const left = (seconds: number) => countdown(now + seconds, now * 1000);

describe("countdown", () => {
  it("counts whole seconds down to the due instant", () => {
    expect(left(42)).toBe("42s");
    expect(left(41.2)).toBe("42s");
    expect(left(60)).toBe("1m 00s");
    expect(left(845)).toBe("14m 05s");
    expect(left(7800)).toBe("2h 10m");
    expect(left(4 * 86_400 + 7200)).toBe("4d 02h");
  });

  it("is due for a moment, and overdue only after that", () => {
    expect(left(0)).toBe("due now");
    expect(left(-10)).toBe("due now");
    expect(left(-11)).toBe("overdue 11s");
    expect(left(-180)).toBe("overdue 3m 00s");
    expect(isOverdue(now - 10, now * 1000)).toBe(false);
  });

  it("has nothing to count without a next run", () => {
    expect(countdown(null, now * 1000)).toBe("—");
    expect(countdown(undefined, now * 1000)).toBe("—");
    expect(isOverdue(null, now * 1000)).toBe(false);
  });
});

describe("words of time", () => {
  it("tells spans and durations in at most two units", () => {
    expect(span(0)).toBe("0s");
    expect(span(3599)).toBe("59m 59s");
    expect(duration(840)).toBe("840 ms");
    expect(duration(3240)).toBe("3.2 s");
    expect(duration(125_000)).toBe("2m 05s");
    expect(duration(null)).toBe("—");
  });

  it("tells how long ago", () => {
    const past = (seconds: number) => ago(now - seconds, now * 1000);
    expect([past(1), past(42), past(300), past(7200), past(200_000)]).toEqual([
      "just now",
      "42 s ago",
      "5 min ago",
      "2 h ago",
      "2 d ago",
    ]);
  });

  it("names intervals by the largest unit that fits", () => {
    expect([45, 60, 90, 300, 3600, 86_400, 90_000].map(every)).toEqual([
      "every 45 s",
      "every 1 min",
      "every 90 s",
      "every 5 min",
      "every 1 h",
      "every 1 d",
      "every 25 h",
    ]);
  });

  it("always prints the zone", () => {
    expect(stamp(0, "utc")).toBe("1970-01-01 00:00:00 UTC");
    expect(stamp(0, "local")).toMatch(/ [+-]\d\d:\d\d$/);
    expect(iso(1.5)).toBe("1970-01-01T00:00:01Z");
  });

  it("counts things", () => {
    expect(plural(1, "run")).toBe("1 run");
    expect(plural(4321, "run")).toBe("4,321 runs");
  });
});
