import { describe, expect, it } from "vitest";
import { counts, schedule } from "../../test/fixtures.ts";
import { emptyRoster, type Roster, reduced, shown, shownCounts, type Told } from "./roster.ts";

const changed = (version: number, part: Parameters<typeof schedule>[0]): Told => ({
  event: "schedule.changed",
  version,
  tenant: part?.tenant ?? "acme",
  source: "acculynx",
  schedule: schedule(part),
});
const deleted = (version: number): Told => ({
  event: "schedule.deleted",
  version,
  tenant: "acme",
  source: "acculynx",
});
const read = (version: number, ...schedules: ReturnType<typeof schedule>[]): Told => ({
  event: "read",
  schedules,
  version,
});
const roster = (...all: Told[]): Roster => reduced(emptyRoster, all);
const acme = (known: Roster) => shown(known.rows.get("acme"));

describe("what is older never wins", () => {
  it("keeps the higher revision, whichever comes first", () => {
    const older = changed(5, { revision: 3, note: "old" });
    const newer = changed(6, { revision: 4, note: "new" });
    expect(acme(roster(older, newer))?.note).toBe("new");
    expect(acme(roster(newer, older))?.note).toBe("new");
    expect(acme(roster(newer, read(5, schedule({ revision: 3, note: "old" }))))?.note).toBe("new");
  });

  it("does not revive a deleted tenant with a read that began before", () => {
    const known = roster(read(5, schedule({ revision: 3 })), deleted(6));
    expect(acme(known)).toBeNull();
    expect(acme(reduced(known, [read(5, schedule({ revision: 3 }))]))).toBeNull();
    expect(acme(reduced(known, [changed(8, { revision: 5 })]))?.revision).toBe(5);
  });

  it("drops a deletion that is older than what is known", () => {
    expect(acme(roster(read(9, schedule()), deleted(6)))).not.toBeNull();
  });

  it("takes a deletion without a version, as callers bound to some tenants get it", () => {
    expect(acme(roster(read(9, schedule()), deleted(0)))).toBeNull();
  });

  it("lets any answer win after a resync: the server may have another past", () => {
    const known = roster(changed(9, { revision: 40 }), { event: "resync", version: 0 });
    expect(acme(known)?.revision).toBe(40);
    expect(acme(reduced(known, [read(2, schedule({ revision: 1 }))]))?.revision).toBe(1);
  });

  it("does not count a later read as having heard of every change", () => {
    const known = roster(read(5), read(10, schedule()));
    expect(known.version).toBe(5);
    expect(reduced(known, [changed(7, {})]).version).toBe(7);
  });

  it("orders counts by version, except for callers whose versions have no order", () => {
    const late: Told = { event: "read", schedules: [], version: 4, counts: counts({ total: 1 }) };
    const early: Told = { event: "read", schedules: [], version: 3, counts: counts({ total: 2 }) };
    expect(roster(late, early).counts?.total).toBe(1);
    expect(roster({ event: "scope", bounded: true }, late, early).counts?.total).toBe(2);
  });
});

describe("hopes", () => {
  const hope = (id: string, note: string): Told => ({
    event: "hope",
    tenant: "acme",
    hope: { id, patch: { note } },
  });

  it("shows a hope until it settles, over whatever arrives meanwhile", () => {
    const hoping = roster(read(1, schedule()), hope("a", "mine"));
    expect(acme(hoping)?.note).toBe("mine");
    const during = reduced(hoping, [changed(2, { revision: 2, note: "theirs" })]);
    expect(acme(during)?.note).toBe("mine");
    expect(acme(reduced(during, [{ event: "settle", tenant: "acme", id: "a" }]))?.note).toBe(
      "theirs",
    );
  });

  it("takes back only its own", () => {
    const both = roster(read(1, schedule()), hope("a", "first"), hope("b", "second"));
    const rest = reduced(both, [{ event: "settle", tenant: "acme", id: "b" }]);
    expect(acme(rest)?.note).toBe("first");
  });

  it("leaves other tenants as they are", () => {
    const known = roster(
      read(1, schedule(), schedule({ tenant: "best", note: "own" })),
      hope("a", "mine"),
    );
    expect(shown(known.rows.get("best"))?.note).toBe("own");
    expect(reduced(known, [{ event: "settle", tenant: "acme", id: "a" }]).rows.get("best")).toBe(
      known.rows.get("best"),
    );
  });

  it("moves the counts with it", () => {
    const known = roster(
      { event: "read", version: 1, schedules: [schedule()], counts: counts({ total: 2, ok: 2 }) },
      { event: "hope", tenant: "acme", hope: { id: "a", patch: { state: "paused" } } },
    );
    expect(shownCounts(known)).toMatchObject({ total: 2, ok: 1, paused: 1 });
    expect(known.counts).toMatchObject({ ok: 2, paused: 0 });
  });
});

it("changes nothing when told nothing new", () => {
  const known = roster(read(5, schedule({ revision: 3 })));
  expect(reduced(known, [changed(4, { revision: 2 })])).toBe(known);
});
