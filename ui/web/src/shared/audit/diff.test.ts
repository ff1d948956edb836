import { expect, it } from "vitest";
import { differences, flat } from "./diff.ts";

it("names what differs between before and after", () => {
  expect(differences({ a: 1, b: [1], c: 2 }, { a: 2, b: [1], d: null })).toEqual([
    { name: "a", before: "1", after: "2" },
    { name: "c", before: "2", after: "—" },
  ]);
  expect(differences(null, { a: 1 })).toEqual([]);
});

it("lists the pairs that hold something", () => {
  expect(flat({ a: "x", b: null, c: { d: 1 } })).toEqual([
    ["a", "x"],
    ["c", '{"d":1}'],
  ]);
  expect(flat(null)).toEqual([]);
});
