import { describe, expect, it } from "vitest";
import { NOW, schedule } from "../../test/fixtures.ts";
import { differencesOf, draftOf, merged, requestOf, startOf } from "./draft.ts";
import { asked } from "./palette.tsx";
import { pauseEnd } from "./pause.tsx";
import { load } from "./preview.tsx";

describe("the schedule form", () => {
  it("asks only for what was changed", () => {
    const base = draftOf(schedule({ interval_sec: 300, tags: ["a"] }));
    expect(requestOf(base, base)).toEqual({});
    expect(requestOf({ ...base, preset: "900" }, base)).toEqual({ interval_sec: 900 });
    expect(requestOf({ ...base, note: "" }, base)).toEqual({});
    expect(requestOf({ ...base, tags: "a, b" }, base)).toEqual({ tags: ["a", "b"] });
    expect(requestOf({ ...base, catchUp: "3" }, base)).toEqual({ catch_up: { all: 3 } });
  });

  it("asks for the interval of a new one, and leaves the rest to the server", () => {
    expect(requestOf({ ...draftOf(undefined), tenant: "a" }, undefined)).toEqual({
      interval_sec: 300,
    });
  });

  it("begins later where asked to, and where it is to be paused first", () => {
    const draft = { ...draftOf(undefined), preset: "60" };
    const start = { starts_at: new Date(NOW * 1000 + 60_000).toISOString() };
    expect(startOf(draft, NOW * 1000)).toEqual({});
    expect(startOf({ ...draft, later: true }, NOW * 1000)).toEqual(start);
    expect(startOf({ ...draft, paused: true }, NOW * 1000)).toEqual(start);
    expect(startOf({ ...draft, later: true, kind: "cron" }, NOW * 1000)).toEqual({});
  });

  it("clears a note", () => {
    const base = draftOf(schedule({ note: "old" }));
    expect(requestOf({ ...base, note: " " }, base)).toEqual({ note: null });
  });

  it("reads odd intervals in the largest unit that fits", () => {
    expect(draftOf(schedule({ interval_sec: 7200 }))).toMatchObject({
      preset: "custom",
      amount: "2",
      unit: "3600",
    });
    expect(draftOf(schedule({ interval_sec: 90 }))).toMatchObject({ amount: "90", unit: "1" });
  });
});

describe("two edits of the same schedule", () => {
  const base = draftOf(schedule({ interval_sec: 300, note: "old" }));
  const mine = { ...base, preset: "900", tags: "a" };
  const theirs = { ...draftOf(schedule({ interval_sec: 60, note: "new" })) };

  it("differ where either has changed something, and clash only where both have", () => {
    expect(
      differencesOf(base, mine, theirs).map(({ part, isConflict, side }) => [
        part.label,
        isConflict,
        side,
      ]),
    ).toEqual([
      ["When", true, "mine"],
      ["Note", false, "theirs"],
      ["Tags", false, "mine"],
    ]);
    expect(differencesOf(base, mine, mine)).toEqual([]);
  });

  it("are put together part by part", () => {
    const kept = differencesOf(base, mine, theirs).filter(({ side }) => side === "mine");
    const draft = merged(
      mine,
      theirs,
      kept.map(({ part }) => part),
    );
    expect(requestOf(draft, theirs)).toEqual({ interval_sec: 900, tags: ["a"] });
    expect(draft.note).toBe("new");
  });
});

it("says how many others start with a run", () => {
  expect(load([0, 0])).toBe("No other tenant starts in the same second.");
  expect(load([3, 3])).toBe("3 other tenants start in the same second.");
  expect(load([0, 1, 0])).toBe("1 other tenant starts in the same second as one of these.");
});

it("reads commands out of what is typed", () => {
  expect(asked("run acme now")).toEqual({ verb: "run", rest: "acme" });
  expect(asked("Pause ac")).toEqual({ verb: "pause", rest: "ac" });
  expect(asked("acme")).toEqual({ verb: undefined, rest: "acme" });
});

it("ends a pause when it was asked to", () => {
  const now = NOW * 1000;
  expect(pauseEnd("3600", "", now)).toBe(NOW + 3600);
  expect(pauseEnd("open", "", now)).toBeUndefined();
  expect(pauseEnd("at", "2001-01-01T00:00", now)).toBeNull();
  expect(pauseEnd("at", "", now)).toBeNull();
  expect(new Date((pauseEnd("tomorrow", "", now) ?? 0) * 1000).getHours()).toBe(8);
});
