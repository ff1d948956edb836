import { expect, it } from "vitest";
import { NOW } from "../../test/fixtures.ts";
import { beginOfWeek, figures, heat, quantile } from "./figures.ts";
import { cellName } from "./heatmap.tsx";

const counted = (at: number, succeeded: number, failed = 0) => ({
  at,
  at_iso: "",
  due: 0,
  ran: succeeded + failed,
  succeeded,
  failed,
});

it("never rounds failures away", () => {
  const buckets = [counted(900, 1000), counted(1800, 999, 1)];
  const week = { buckets, since: 0 };
  expect(figures(week, 0)).toEqual({ ended: 2000, good: 1999, bad: 1, rate: 99.9 });
  expect(figures(week, 1000).ended).toBe(1000);
  expect(figures({ buckets: [counted(0, 0)], since: 0 }, 0).rate).toBeNull();
});

it("takes quantiles by nearest rank", () => {
  expect(quantile([], 0.5)).toBeNull();
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.95)).toBe(10);
});

it("sums quarters of an hour up, and names the hour", () => {
  const begin = beginOfWeek(NOW);
  const hour = Math.floor(NOW / 3600) * 3600;
  const buckets = [counted(hour, 5), counted(hour + 900, 6, 1), counted(hour - 900, 1)];
  const days = heat({ buckets, since: begin }, begin);
  expect(days).toHaveLength(7);
  const cells = days.flat().filter(({ good, bad }) => (good ?? 0) + bad > 0);
  expect(cells).toEqual([
    { hour: hour - 3600, good: 1, bad: 0 },
    { hour, good: 11, bad: 1 },
  ]);
  expect(cellName({ hour: 1_795_348_800, good: 11, bad: 1 }, "utc")).toBe(
    "Sun 12:00 UTC, 11 ok, 1 error",
  );
});

it("begins its days at midnight of any zone", () => {
  for (const away of [0, 5.75 * 3600, -3.5 * 3600]) {
    expect((beginOfWeek(NOW, away) + away) % 86_400).toBe(0);
    expect(beginOfWeek(NOW, away) + 7 * 86_400).toBeGreaterThan(NOW);
  }
});

it("does not take what was not read for nothing", () => {
  const begin = beginOfWeek(NOW);
  const cells = heat({ buckets: [counted(begin, 0, 1)], since: NOW - 3600 }, begin).flat();
  expect(cells.find(({ bad }) => bad === 1)).toMatchObject({ good: null });
  expect(cellName({ hour: 1_795_348_800, good: null, bad: 1 }, "utc")).toBe(
    "Sun 12:00 UTC, 1 error, good runs not counted",
  );
});
