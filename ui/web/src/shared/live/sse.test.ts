import { expect, it } from "vitest";
import { SseParser } from "./sse.ts";

it("reads events that arrive in any pieces", () => {
  const text =
    'retry: 2000\n\nevent: resync\nid: 7\ndata: {"a":1}\n\n: still here\n\ndata: x\ndata: y\n\n';
  for (let size = 1; size < text.length; size += 1) {
    const parser = new SseParser();
    const all = [];
    for (let at = 0; at < text.length; at += size)
      all.push(...parser.push(text.slice(at, at + size)));
    expect(all).toEqual([
      { event: "resync", id: "7", data: '{"a":1}' },
      { event: "message", id: undefined, data: "x\ny" },
    ]);
  }
});

it("holds back what is not whole", () => {
  const parser = new SseParser();
  expect(parser.push("data: 1\n")).toEqual([]);
  expect(parser.push("\n")).toHaveLength(1);
});
