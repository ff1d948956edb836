import { renderHook } from "@testing-library/react";
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NOW, schedule } from "../../test/fixtures.ts";
import type { ChangeEvent } from "../api/types.ts";
import { startLive, useLive } from "./live.ts";

const change: ChangeEvent = {
  event: "schedule.changed",
  version: 7,
  tenant: "acme",
  source: "acculynx",
  schedule: schedule({ revision: 7 }),
};

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000 });
  // Other tabs hear nothing here.
  vi.stubGlobal(
    "BroadcastChannel",
    class {
      postMessage() {}
      addEventListener() {}
      close() {}
    },
  );
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Answers in place of the server; gives what was asked for. */
function answering(stream: () => Response, isThere = true): string[] {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const url = input instanceof Request ? input.url : String(input);
    const path = new URL(url, location.origin).pathname;
    // Whether the server is there at all is asked on the side.
    if (path === "/ops/ping") {
      if (isThere) return Response.json({ ok: true });
      throw new TypeError("no network");
    }
    asked.push(path);
    if (path === "/api/events") return stream();
    return Response.json({ ok: true, version: 7, changes: [change] });
  });
  return asked;
}

function begin() {
  const seen: ChangeEvent[] = [];
  const { result } = renderHook(() => useLive());
  const live = startLive({
    capabilities: { streaming: true, poll_interval_sec: 15 },
    refreshSec: undefined,
    onChanges: (changes) => seen.push(...changes),
    onResync: () => undefined,
  });
  return { seen, state: result, live };
}

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

it("polls once the stream was lost three times, and tries the stream again later", async () => {
  const asked = answering(() => {
    throw new TypeError("network lost");
  });
  const { seen, state, live } = begin();
  await pass(100);
  expect(state.current.kind).toBe("connecting");
  await pass(5000);
  expect(asked.slice(0, 4)).toEqual(["/api/events", "/api/events", "/api/events", "/api/changes"]);
  expect(state.current.kind).toBe("polling");
  expect(seen).toEqual([change]);
  asked.length = 0;
  await pass(330_000);
  expect(asked).toContain("/api/events");
  live.stop();
});

it("takes what the stream tells, and begins again where it ended", async () => {
  const headers: (string | null)[] = [];
  const asked = answering(() => {
    const [, init] = vi.mocked(globalThis.fetch).mock.lastCall ?? [];
    headers.push(new Headers(init?.headers).get("accept"));
    return new Response(`id: 7\nevent: schedule.changed\ndata: ${JSON.stringify(change)}\n\n`, {
      headers: { "content-type": "text/event-stream" },
    });
  });
  const { seen, state, live } = begin();
  await pass(100);
  expect(seen).toEqual([change]);
  expect(state.current.kind).toBe("live");
  await pass(2500);
  expect(asked.filter((path) => path === "/api/events").length).toBeGreaterThan(1);
  expect(asked).not.toContain("/api/changes");
  expect(headers[0]).toBe("text/event-stream");
  live.stop();
});

it("says that there is no network", async () => {
  answering(() => {
    throw new TypeError("offline");
  }, false);
  const { state, live } = begin();
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  await act(async () => dispatchEvent(new Event("offline")));
  expect(state.current.kind).toBe("offline");
  live.stop();
});
