import { expect, it } from "vitest";
import { NOW, schedule } from "../../test/fixtures.ts";
import { buckets, upcoming } from "./density.ts";

it("goes on from the next run by the interval", () => {
  const dues = upcoming([schedule({ next_run: NOW + 10, interval_sec: 60 })], NOW + 200);
  expect(dues.map(({ at }) => at - NOW)).toEqual([10, 70, 130, 190]);
});

it("leaves out the paused, and takes one run of a cron or an open breaker", () => {
  const breaker = {
    since: 0,
    since_iso: "",
    kind: "auth",
    probe_at: 0,
    probe_at_iso: "",
    probes: 0,
  } as const;
  const dues = upcoming(
    [
      schedule({ tenant: "a", next_run: null }),
      schedule({ tenant: "b", next_run: NOW + 5, interval_sec: null, cron: "* * * * *" }),
      schedule({ tenant: "c", next_run: NOW + 5, interval_sec: 60, breaker }),
      schedule({ tenant: "d", next_run: NOW + 1, interval_sec: 60, ends_at: NOW + 70 }),
    ],
    NOW + 300,
  );
  expect(dues.map(({ tenant }) => tenant)).toEqual(["d", "b", "c", "d"]);
});

it("counts per step, and nothing outside the window", () => {
  const items = [{ at: 9 }, { at: 10 }, { at: 19, bad: true }, { at: 20 }, { at: 30 }];
  expect(buckets(items, 10, 10, 2)).toEqual([
    { begin: 10, count: 2, bad: 1 },
    { begin: 20, count: 1, bad: 0 },
  ]);
});
