import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isReachable, onReach, unanswered } from "./reach.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("believes that the server is lost only once a second request got no answer", async () => {
  const ping = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response());
  unanswered();
  await vi.advanceTimersByTimeAsync(0);
  expect(ping).toHaveBeenCalledOnce();
  expect(isReachable()).toBe(true);
});

it("asks at growing gaps until there is an answer, whatever it says", async () => {
  const told: boolean[] = [];
  const stop = onReach((reachable) => told.push(reachable));
  const ping = vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("lost"));
  unanswered();
  await vi.advanceTimersByTimeAsync(0);
  expect(isReachable()).toBe(false);
  await vi.advanceTimersByTimeAsync(1000 + 2000 + 4000);
  expect(ping).toHaveBeenCalledTimes(4);
  ping.mockResolvedValue(new Response("bad gateway", { status: 502 }));
  await vi.advanceTimersByTimeAsync(8000);
  expect(isReachable()).toBe(true);
  expect(told).toEqual([false, true]);
  stop();
});

it("takes the browser's word where it says no", async () => {
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("lost"));
  dispatchEvent(new Event("offline"));
  expect(isReachable()).toBe(false);
  await vi.advanceTimersByTimeAsync(0);
  vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response());
  dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(0);
  expect(isReachable()).toBe(true);
});
