import { expect, it } from "vitest";
import { narrowed, offset, unknownSkew } from "./skew.ts";

/** What a server whose clock is `ahead` says to a request between two instants of ours. */
function heard(ahead: number, sent: number, received: number) {
  const read = (sent + received) / 2 + ahead;
  return [Math.floor(read / 1000) * 1000, sent, received] as const;
}

it("assumes no skew where the bounds allow it", () => {
  expect(offset(unknownSkew)).toBe(0);
  expect(offset(narrowed(unknownSkew, ...heard(300, 10_400, 10_450)))).toBe(0);
});

it("finds a skew from several answers", () => {
  let skew = unknownSkew;
  for (let sent = 0; sent < 20_000; sent += 1370)
    skew = narrowed(skew, ...heard(90_000, sent, sent + 40));
  expect(Math.abs(offset(skew) - 90_000)).toBeLessThan(200);
});

it("starts over when a clock was set", () => {
  const before = narrowed(unknownSkew, ...heard(90_000, 0, 40));
  const after = narrowed(before, ...heard(-3_600_000, 5000, 5040));
  expect(Math.abs(offset(after) + 3_600_000)).toBeLessThan(1100);
});
