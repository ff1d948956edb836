import { renderHook } from "@testing-library/react";
import { act } from "react";
import { beforeEach, expect, it } from "vitest";
import { run } from "../../test/fixtures.ts";
import {
  doubtBeats,
  forgetBeats,
  isKnown,
  putBeats,
  RUNS,
  tellBeat,
  useBeats,
  useGeneration,
} from "./beats.ts";

beforeEach(() => act(forgetBeats));

const generation = () => renderHook(() => useGeneration()).result.current;

it("puts a run that has ended first, once", () => {
  const { result } = renderHook(() => useBeats("acme"));
  act(() => tellBeat(run({ run_id: "0" })));
  expect(result.current).toBeUndefined();
  const asked = generation();
  act(() => putBeats(asked, [{ tenant: "acme", runs: [run({ run_id: "1" })] }]));
  act(() => tellBeat(run({ run_id: "2", state: "failed" })));
  act(() => tellBeat(run({ run_id: "2", state: "failed" })));
  expect(result.current?.map(({ state }) => state)).toEqual(["failed", "succeeded"]);
});

it("keeps the last thirty of each", () => {
  const asked = generation();
  act(() => putBeats(asked, [{ tenant: "acme", runs: [] }]));
  act(() => {
    for (let index = 0; index < 40; index += 1) tellBeat(run({ run_id: String(index) }));
  });
  expect(renderHook(() => useBeats("acme")).result.current).toHaveLength(RUNS);
});

it("shows what it knew until those in doubt are read again", () => {
  const asked = generation();
  act(() => putBeats(asked, [{ tenant: "acme", runs: [run()] }]));
  act(doubtBeats);
  expect(isKnown("acme")).toBe(false);
  expect(renderHook(() => useBeats("acme")).result.current).toHaveLength(1);
});

it("drops an answer that was asked for before all was forgotten", () => {
  const asked = generation();
  act(forgetBeats);
  act(() => putBeats(asked, [{ tenant: "acme", runs: [run()] }]));
  expect(isKnown("acme")).toBe(false);
});
