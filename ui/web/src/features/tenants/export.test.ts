import { HttpResponse, http } from "msw";
import { expect, it, vi } from "vitest";
import { tell } from "../../shared/live/store.ts";
import { schedule } from "../../test/fixtures.ts";
import { base, server } from "../../test/server.ts";
import { saveSchedules, schedulesCsv } from "./export.ts";

const saved = vi.hoisted(() => vi.fn());
vi.mock("../../shared/ui/save.ts", () => ({ saveFile: saved }));

it("writes hostile notes as text", () => {
  const lines = schedulesCsv([schedule({ note: '=HYPERLINK("x")' })]).split("\r\n");
  expect(lines[0]).toMatch(/^tenant,state,paused/);
  expect(lines[1]).toContain(`"'=HYPERLINK(""x"")"`);
});

it("saves those at hand, or reads all pages of those that match", async () => {
  const asked: string[] = [];
  server.use(
    http.get(`*${base}/schedules`, ({ request }) => {
      const cursor = new URL(request.url).searchParams.get("cursor");
      asked.push(cursor ?? "-");
      return HttpResponse.json({
        ok: true,
        schedules: [schedule({ tenant: cursor ? "b" : "a" })],
        counts: {},
        matched: 2,
        version: 1,
        next_cursor: cursor ? null : "c1",
      });
    }),
  );
  await saveSchedules("acculynx", { state: "ok" }, "json");
  expect(asked).toEqual(["-", "c1"]);
  const [name, text] = saved.mock.lastCall ?? [];
  expect(name).toMatch(/^schedules-\d{8}T\d{4}Z\.json$/);
  expect(JSON.parse(text).map(({ tenant }: { tenant: string }) => tenant)).toEqual(["a", "b"]);
  tell({ event: "read", version: 1, schedules: [schedule({ tenant: "acme" })] });
  await saveSchedules("acculynx", { tenants: ["acme", "gone"] }, "csv");
  expect(saved.mock.lastCall?.[1].trim().split("\r\n")).toHaveLength(2);
  expect(asked).toHaveLength(2);
});
