import { createAsyncStoragePersister } from "@tanstack/query-async-storage-persister";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { PersistQueryClientOptions } from "@tanstack/react-query-persist-client";
import { del, get, set } from "idb-keyval";
import type { Counts, Schedule } from "../shared/api/types.ts";
import { heard } from "../shared/live/live.ts";
import { forget, getRoster, tell } from "../shared/live/store.ts";

const KEY = "queries";
const KEPT = new Set(["capabilities", "whoami", "schedules", "counts", "tenant"]);

const persister = createAsyncStoragePersister({
  key: KEY,
  throttleTime: 3000,
  storage: {
    getItem: (key) =>
      get<string>(key)
        .catch(() => undefined)
        .then((text) => text ?? null),
    setItem: (key, text) => set(key, text).catch(() => undefined),
    removeItem: (key) => del(key).catch(() => undefined),
  },
});

interface Page {
  schedules: Schedule[];
}

/** What may be looked at offline: who we are, the first page, the counts, and opened tenants; for a day. */
export const persistence: Omit<PersistQueryClientOptions, "queryClient"> = {
  persister,
  maxAge: 24 * 3_600_000,
  buster: "1",
  dehydrateOptions: {
    shouldDehydrateQuery: ({ queryKey, state }) =>
      state.status === "success" && KEPT.has(String(queryKey[0])),
    serializeData: (data: unknown) => {
      const pages = data as InfiniteData<Page> | undefined;
      if (!Array.isArray(pages?.pages)) return data;
      return { pages: pages.pages.slice(0, 1), pageParams: pages.pageParams.slice(0, 1) };
    },
  },
};

/** Puts what was kept into the roster, where the server has not answered yet. */
export function recall(client: QueryClient): void {
  if (getRoster().version > 0) return;
  for (const [key, data] of client.getQueriesData<InfiniteData<Page>>({
    queryKey: ["schedules"],
  })) {
    for (const page of data?.pages ?? []) tell({ event: "read", schedules: page.schedules });
    heard(client.getQueryState(key)?.dataUpdatedAt ?? 0);
  }
  for (const [, data] of client.getQueriesData<{ counts: Counts }>({ queryKey: ["counts"] })) {
    if (data) tell({ event: "read", schedules: [], counts: data.counts });
  }
  // What is kept may be of a past that the server no longer shares.
  tell({ event: "resync", version: 0 });
}

/** Forgets everything about the person who was signed in. */
export async function wipe(client: QueryClient): Promise<void> {
  client.clear();
  forget();
  await del(KEY).catch(() => undefined);
}
