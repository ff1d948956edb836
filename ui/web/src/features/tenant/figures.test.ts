import { expect, it } from "vitest";
import { NOW, run } from "../../test/fixtures.ts";
import { figures, heat, quantile } from "./figures.ts";
import { cellName } from "./heatmap.tsx";

it("never rounds failures away", () => {
  const runs = [run({ state: "failed" }), ...Array.from({ length: 1999 }, () => run())];
  expect(figures(runs, 0)).toEqual({ ended: 2000, good: 1999, rate: 99.9 });
  expect(figures([run({ state: "running" })], 0).rate).toBeNull();
  expect(figures([run({ started: 5 })], 10).ended).toBe(0);
});

it("takes quantiles by nearest rank", () => {
  expect(quantile([], 0.5)).toBeNull();
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.95)).toBe(10);
});

it("puts each run into its hour, and names the hour", () => {
  const runs = [run({ started: NOW - 60 }), run({ started: NOW - 61, state: "failed" })];
  const week = { runs, bad: runs.slice(1), since: NOW - 7 * 86_400 };
  const days = heat(week, NOW);
  expect(days).toHaveLength(7);
  const cells = days.flat().filter(({ good, bad }) => (good ?? 0) + bad > 0);
  expect(cells).toEqual([{ hour: Math.floor((NOW - 60) / 3600) * 3600, good: 1, bad: 1 }]);
  expect(cellName({ hour: 1_795_348_800, good: 11, bad: 1 }, "utc")).toBe(
    "Sun 12:00 UTC, 11 ok, 1 error",
  );
});

it("does not take what was not read for nothing", () => {
  const old = run({ started: NOW - 5 * 3600, state: "failed" });
  const cells = heat({ runs: [run()], bad: [old], since: NOW - 3600 }, NOW).flat();
  expect(cells.find(({ bad }) => bad === 1)).toMatchObject({ good: null });
  expect(cellName({ hour: 1_795_348_800, good: null, bad: 1 }, "utc")).toBe(
    "Sun 12:00 UTC, 1 error, good runs not counted",
  );
});
