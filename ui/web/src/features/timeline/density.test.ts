import { expect, it } from "vitest";
import { bucketsOf } from "./density.ts";

it("takes the server's counts, and marks failures and herds", () => {
  const counted = (at: number, ran: number, failed: number, due: number) => ({
    at,
    at_iso: "",
    ran,
    succeeded: Math.max(0, ran - failed),
    failed,
    due,
  });
  const told = [
    counted(60, 3, 2, 0),
    counted(120, 0, 1, 2),
    counted(180, 0, 0, 2),
    counted(240, 0, 0, 9),
  ];
  expect(bucketsOf(told)).toEqual([
    { begin: 60, ran: 3, bad: 2, due: 0, spike: false },
    { begin: 120, ran: 1, bad: 1, due: 2, spike: false },
    { begin: 180, ran: 0, bad: 0, due: 2, spike: false },
    { begin: 240, ran: 0, bad: 0, due: 9, spike: true },
  ]);
});
