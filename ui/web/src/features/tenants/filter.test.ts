import { describe, expect, it } from "vitest";
import { withParams } from "../../shared/url.ts";
import { NOW, schedule } from "../../test/fixtures.ts";
import { admits, inWords, isNarrow, listQuery, readFilter, toPick } from "./filter.ts";

const filter = (search: string) => readFilter(new URLSearchParams(search));

describe("the filter in the address", () => {
  it("reads what is known and leaves out the rest", () => {
    expect(filter("q=ac&state=broken,error,nonsense&sort=nonsense")).toEqual({
      q: "ac",
      states: ["error", "broken"],
      tag: "",
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
    expect(listQuery(filter("overdue=1&sort=tenant"))).toEqual({ sort: "next_run" });
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
});

it("says in words what a bulk command picks", () => {
  expect(inWords(filter(""))).toBe("all tenants");
  expect(inWords(filter("state=error,broken&q=a"))).toBe(
    "tenants with state ERROR or BROKEN and name or note with “a”",
  );
  expect(toPick(filter(""))).toEqual({ all: true });
  expect(toPick(filter("q=a&sort=last_run"))).toEqual({ q: "a" });
  expect(isNarrow(filter("sort=last_run"))).toBe(false);
});
