import { expect, it } from "vitest";
import { cell, csv } from "./csv.ts";

it("lets no cell run as a formula", () => {
  expect(["=1+1", "+1", "-1", "@x", "\tx", "\rx"].map(cell)).toEqual([
    "'=1+1",
    "'+1",
    "'-1",
    "'@x",
    "'\tx",
    `"'\rx"`,
  ]);
  expect(cell(-1)).toBe("-1");
});

it("quotes what would break a row", () => {
  expect(
    csv(
      ["a", "b"],
      [
        ['say "hi"', "x,y"],
        [null, "two\nlines"],
      ],
    ),
  ).toBe('a,b\r\n"say ""hi""","x,y"\r\n,"two\nlines"\r\n');
});
