import { describe, expect, it } from "vitest";
import { withParams } from "../../shared/url.ts";
import { NOW, schedule } from "../../test/fixtures.ts";
import {
  admits,
  inWords,
  isDescending,
  isNarrow,
  listQuery,
  readFilter,
  sortParam,
  toPick,
  turned,
} from "./filter.ts";

const filter = (search: string) => readFilter(new URLSearchParams(search));

describe("the filter in the address", () => {
  it("reads what is known and leaves out the rest", () => {
    const search = "q=ac&state=broken,error,nonsense&sort=nonsense&interval=900,x,300,900,-1";
    expect(filter(search)).toEqual({
      q: "ac",
      states: ["error", "broken"],
      tag: "",
      intervals: [900, 300],
      overdue: false,
      sort: "tenant",
    });
  });

  it("asks the server for the same", () => {
    expect(listQuery(filter("state=error&tag=vip"))).toEqual({
      state: "error",
      tag: "vip",
      sort: "tenant",
    });
    expect(listQuery(filter("overdue=1&interval=300,900&sort=-failures"))).toEqual({
      overdue: true,
      interval_sec: "300,900",
      sort: "-failures",
    });
  });

  it("comes back out of an address", () => {
    expect(withParams("?q=a&state=ok", { state: null, tag: "b c" })).toBe("?q=a&tag=b+c");
    expect(withParams("?q=a", { q: "" })).toBe("");
    expect(withParams("", { overdue: true })).toBe("?overdue=1");
  });
});

it("admits what the server would list", () => {
  const now = NOW * 1000;
  expect(admits(filter("state=paused"), schedule(), now)).toBe(false);
  expect(admits(filter("q=CM"), schedule(), now)).toBe(true);
  expect(admits(filter("q=vip"), schedule({ note: "A VIP" }), now)).toBe(true);
  expect(admits(filter("tag=a"), schedule({ tags: ["a"] }), now)).toBe(true);
  expect(admits(filter("overdue=1"), schedule({ next_run: NOW - 60 }), now)).toBe(true);
  expect(admits(filter("overdue=1"), schedule(), now)).toBe(false);
  expect(admits(filter("interval=900"), schedule(), now)).toBe(false);
  expect(admits(filter("interval=300"), schedule({ interval_sec: 300 }), now)).toBe(true);
  expect(admits(filter("interval=300"), schedule({ interval_sec: null }), now)).toBe(false);
});

it("turns an order round, and knows which way each goes", () => {
  expect(isDescending("tenant")).toBe(false);
  expect(isDescending(turned("tenant"))).toBe(true);
  // The server begins these with the latest and the most.
  expect(isDescending("last_run")).toBe(true);
  expect(isDescending("-failures")).toBe(false);
  expect(turned(turned("failures"))).toBe("failures");
  expect(sortParam("tenant")).toBeNull();
});

it("says in words what a bulk command picks", () => {
  expect(inWords(filter(""))).toBe("all tenants");
  expect(inWords(filter("state=error,broken&q=a"))).toBe(
    "tenants with state ERROR or BROKEN and name or note with “a”",
  );
  expect(inWords(filter("interval=300,3600&overdue=1"))).toBe(
    "tenants with a run every 5 min or every 1 h and an overdue run",
  );
  expect(toPick(filter("interval=300&overdue=1"))).toEqual({
    interval_sec: "300",
    overdue: true,
  });
  expect(toPick(filter(""))).toEqual({ all: true });
  expect(toPick(filter("q=a&sort=last_run"))).toEqual({ q: "a" });
  expect(isNarrow(filter("sort=last_run"))).toBe(false);
});
