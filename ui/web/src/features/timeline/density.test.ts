import { expect, it } from "vitest";
import { NOW, schedule } from "../../test/fixtures.ts";
import { bucketsOf, upcoming } from "./density.ts";

it("goes on from the next run by the interval", () => {
  const one = [schedule({ next_run: NOW + 10, interval_sec: 60 })];
  const at = (dues: { at: number }[]) => dues.map((due) => due.at - NOW);
  expect(at(upcoming(one, NOW + 200))).toEqual([10, 70, 130, 190]);
  expect(at(upcoming(one, NOW + 200, NOW + 70))).toEqual([70, 130, 190]);
  expect(at(upcoming(one, NOW + 200, NOW + 75))).toEqual([130, 190]);
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

it("takes the server's counts, and marks failures and herds", () => {
  const counted = [
    { at: 60, at_iso: "", ran: 3, due: 0 },
    { at: 120, at_iso: "", ran: 1, due: 2 },
    { at: 180, at_iso: "", ran: 0, due: 2 },
    { at: 240, at_iso: "", ran: 0, due: 9 },
  ];
  const failed = [{ started: 61 }, { started: 119.9 }, { started: 300 }];
  expect(bucketsOf(counted, failed, 60)).toEqual([
    { begin: 60, ran: 3, bad: 2, due: 0, spike: false },
    { begin: 120, ran: 1, bad: 0, due: 2, spike: false },
    { begin: 180, ran: 0, bad: 0, due: 2, spike: false },
    { begin: 240, ran: 0, bad: 0, due: 9, spike: true },
  ]);
});
