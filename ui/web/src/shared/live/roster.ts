import type { ChangeEvent, Counts, Schedule } from "../api/types.ts";

/** What is known of one tenant. */
export interface Row {
  /** As the server last told it; null once deleted. */
  schedule: Schedule | null;
  revision: number;
  /** What we show before the server has answered, by command. */
  hopes: readonly Hope[];
}

export interface Hope {
  id: string;
  patch: Partial<Schedule>;
}

/** Everything that answers, events and our own commands have told us, in one place. */
export interface Roster {
  rows: ReadonlyMap<string, Row>;
  counts: Counts | null;
  /** The version up to which we have heard of every change; 0 before anything was read. */
  version: number;
  /** The version at which the counts held. */
  countsAt: number;
  /** Whether we see some tenants only: their versions name states without ordering them. */
  bounded: boolean;
  /** Counts up when what is known may be of a past that the server does not share. */
  epoch: number;
  /** Rows of an older epoch give way to any other. */
  epochs: ReadonlyMap<string, number>;
}

export const emptyRoster: Roster = {
  rows: new Map(),
  counts: null,
  version: 0,
  countsAt: 0,
  bounded: false,
  epoch: 0,
  epochs: new Map(),
};

export type Told =
  /** The answer of a list, or of a command that gives schedules back. */
  | { event: "read"; schedules: readonly Schedule[]; counts?: Counts | null; version?: number }
  /** A command was sent; this is what it will most likely bring. */
  | { event: "hope"; tenant: string; hope: Hope }
  /** A command was answered or has failed: the server's word alone counts again. */
  | { event: "settle"; tenant: string; id: string }
  | { event: "gone"; tenant: string }
  | { event: "scope"; bounded: boolean }
  | ChangeEvent;

/** The one reducer for what was read, streamed, polled and hoped for. What is older never wins. */
export function reduced(roster: Roster, all: readonly Told[]): Roster {
  const draft = new Draft(roster);
  for (const told of all) draft.take(told);
  return draft.roster;
}

/** A roster that is being changed: its maps are copied once, however much is told. */
class Draft {
  roster: Roster;
  #rows: Map<string, Row> | undefined;
  #epochs: Map<string, number> | undefined;

  constructor(roster: Roster) {
    this.roster = roster;
  }

  take(told: Told): void {
    switch (told.event) {
      case "read":
        this.#read(told.schedules, told.counts, told.version ?? 0);
        break;
      case "scope":
        this.#set({ bounded: told.bounded });
        break;
      case "schedule.changed":
        this.#put(told.schedule);
        this.#reach(told.version);
        break;
      case "schedule.deleted":
        // Callers bound to some tenants are told version 0: then only revisions order what they see.
        if (told.version > 0 && told.version < this.roster.version) break;
        this.#drop(told.tenant);
        this.#reach(told.version);
        break;
      case "gone":
        this.#drop(told.tenant);
        break;
      case "hope":
        this.#hopes(told.tenant, (hopes) => [...hopes, told.hope]);
        break;
      case "settle":
        this.#hopes(told.tenant, (hopes) => hopes.filter(({ id }) => id !== told.id));
        break;
      case "resync":
        this.#set({ epoch: this.roster.epoch + 1, version: told.version, countsAt: 0 });
        break;
      default:
        this.#reach(told.version);
    }
  }

  #read(schedules: readonly Schedule[], counts: Counts | null | undefined, version: number): void {
    for (const schedule of schedules) this.#put(schedule);
    if (counts && (this.roster.bounded || version >= this.roster.countsAt)) {
      this.#set({ counts, countsAt: version });
    }
    // A later read tells nothing of the tenants that it does not hold.
    if (this.roster.version === 0) this.#set({ version });
  }

  #hopes(tenant: string, change: (hopes: readonly Hope[]) => readonly Hope[]): void {
    const row = this.roster.rows.get(tenant);
    if (row) this.#row(tenant, { ...row, hopes: change(row.hopes) });
  }

  #set(part: Partial<Roster>): void {
    this.roster = { ...this.roster, ...part };
  }

  #reach(version: number): void {
    if (version > this.roster.version) this.#set({ version });
  }

  #put(schedule: Schedule): void {
    const { tenant, revision } = schedule;
    const row = this.roster.rows.get(tenant);
    if (row && this.roster.epochs.get(tenant) === this.roster.epoch) {
      // A deletion has no revision of its own: only what came after it revives a tenant.
      if (revision < row.revision || (revision === row.revision && !row.schedule)) return;
    }
    this.#row(tenant, { schedule, revision, hopes: row?.hopes ?? [] });
  }

  #drop(tenant: string): void {
    const row = this.roster.rows.get(tenant);
    this.#row(tenant, { schedule: null, revision: row?.revision ?? 0, hopes: [] });
  }

  #row(tenant: string, row: Row): void {
    this.#rows ??= new Map(this.roster.rows);
    this.#rows.set(tenant, row);
    if (this.roster.epochs.get(tenant) !== this.roster.epoch) {
      this.#epochs ??= new Map(this.roster.epochs);
      this.#epochs.set(tenant, this.roster.epoch);
    }
    this.#set({ rows: this.#rows, epochs: this.#epochs ?? this.roster.epochs });
  }
}

/** The schedule as it is shown: the server's word with our hopes laid over it. */
export function shown(row: Row | undefined): Schedule | null | undefined {
  if (!row?.schedule || row.hopes.length === 0) return row?.schedule;
  return Object.assign({}, row.schedule, ...row.hopes.map((hope) => hope.patch)) as Schedule;
}

/** The counts with our hopes taken in. */
export function shownCounts(roster: Roster): Counts | null {
  if (!roster.counts) return null;
  const counts = { ...roster.counts };
  for (const row of roster.rows.values()) {
    const hoped = row.hopes.length > 0 ? shown(row) : undefined;
    if (!row.schedule || !hoped || hoped.state === row.schedule.state) continue;
    counts[row.schedule.state] -= 1;
    counts[hoped.state] += 1;
  }
  return counts;
}
