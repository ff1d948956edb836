import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { act } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import { setPrefs } from "../shared/prefs.ts";
import { counts, schedule } from "../test/fixtures.ts";
import { show } from "../test/render.tsx";
import { base, refusal, server } from "../test/server.ts";
import { Shell } from "./shell.tsx";

const health = {
  ok: true,
  ts: 1,
  components: {
    ticker: { ok: true, detail: "", last_tick: 1, in_flight: 0, resident: true },
    store: { ok: true, detail: "" },
  },
};

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(800);
  server.use(
    http.get("*/ops/health", () => HttpResponse.json(health)),
    http.get("*/api/changes", () => HttpResponse.json({ ok: true, version: 3, changes: [] })),
    http.get(`*${base}/runs/latest`, () => HttpResponse.json({ ok: true, latest: [] })),
    http.get(`*${base}/schedules`, () =>
      HttpResponse.json({
        ok: true,
        schedules: [schedule()],
        counts: counts({ total: 1, ok: 1 }),
        matched: 1,
        version: 3,
        next_cursor: null,
      }),
    ),
  );
});

it("asks to sign in where the server does not know who we are", async () => {
  server.use(http.get("*/api/whoami", () => refusal(401, "unauthenticated")));
  show(<Shell />);
  expect(await screen.findByRole("heading", { name: "Sign in" })).toBeVisible();
  expect(screen.queryByRole("table")).toBeNull();
});

it("asks to sign in once a session has run out, and goes on after", async () => {
  const user = userEvent.setup();
  server.use(http.post(`*${base}/pause`, () => refusal(401, "unauthenticated")));
  show(<Shell />);
  await user.click(await screen.findByRole("button", { name: "Pause, acme" }));
  const token = await screen.findByLabelText("Access token");
  server.use(http.post("*/api/session", () => HttpResponse.json({ ok: true })));
  await user.type(token, "a-token");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByRole("table", { name: "Tenants" })).toBeVisible();
});

it("tells what a role may not do, and takes the change back", async () => {
  const user = userEvent.setup();
  server.use(http.post(`*${base}/pause`, () => refusal(403, "forbidden")));
  show(<Shell />);
  await user.click(await screen.findByRole("button", { name: "Pause, acme" }));
  expect(await screen.findByText(/Pause acme: forbidden/)).toBeVisible();
  expect(screen.getByText(/forbidden it is \(request req-1\)/)).toBeVisible();
  await waitFor(() => expect(screen.getByRole("button", { name: "Pause, acme" })).toBeEnabled());
});

it("says where a tenant has no schedule", async () => {
  server.use(
    http.get(`*${base}/schedule`, () => refusal(404, "schedule_not_found")),
    http.get(`*${base}/runs`, () => HttpResponse.json({ ok: true, runs: [], next_cursor: null })),
  );
  show(<Shell />, "/tenants/nobody");
  expect(await screen.findByText("has no schedule; its history stays")).toBeVisible();
  expect(await screen.findByRole("heading", { name: "No schedule" })).toBeVisible();
});

it("says when the server can not be reached, and keeps the rows that it has", async () => {
  const { client } = show(<Shell />);
  expect(await screen.findByRole("row", { name: /acme/ })).toBeVisible();
  server.use(http.get(`*${base}/schedules`, () => HttpResponse.error()));
  void client.invalidateQueries({ queryKey: ["schedules"] });
  expect(await screen.findByText(/The server could not be reached/)).toBeVisible();
  expect(screen.getByRole("row", { name: /acme/ })).toBeVisible();
});

it("shows how many fail in the window's title", async () => {
  server.use(
    http.get(`*${base}/schedules`, () =>
      HttpResponse.json({
        ok: true,
        schedules: [],
        counts: counts({ total: 9, error: 2, broken: 1 }),
        matched: 0,
        version: 3,
        next_cursor: null,
      }),
    ),
  );
  show(<Shell />);
  await waitFor(() => expect(document.title).toBe("(3) Tenants · AetherLink Command Center"));
});

it("keeps the zone of the times in the address where it is not the usual one", async () => {
  const { memory } = show(<Shell />, "/?q=ac");
  expect(await screen.findByRole("table", { name: "Tenants" })).toBeVisible();
  expect(memory.history?.at(-1)).toBe("/?q=ac");
  act(() => setPrefs({ zone: "local" }));
  expect(memory.history?.at(-1)).toBe("/?q=ac&tz=local");
  act(() => setPrefs({ zone: "utc" }));
  expect(memory.history?.at(-1)).toBe("/?q=ac");
});
