import { HttpResponse, http as mock } from "msw";
import { expect, it } from "vitest";
import { base, refusal, server } from "../../test/server.ts";
import { http, newKey, ok, sent } from "./http.ts";
import { explained, Problem } from "./problem.ts";

const params = { path: { source: "acculynx" }, header: { "x-tenant": "acme" } };

it("says in every request what sends it, and gives commands a key", async () => {
  const seen: Headers[] = [];
  server.use(
    mock.all("*", ({ request }) => {
      seen.push(request.headers);
      return HttpResponse.json({ ok: true });
    }),
  );
  await http.GET("/api/crm/import/{source}/schedule", { params });
  await http.POST("/api/crm/import/{source}/resume", { params });
  expect(seen.map((headers) => headers.get("x-client"))).toEqual(["ui", "ui"]);
  expect(seen[0]?.get("idempotency-key")).toBeNull();
  expect(seen[1]?.get("idempotency-key")).toMatch(/^[0-9a-f]{32}$/);
});

it("sends a command whose answer got lost again, under the same key", async () => {
  const keys: (string | null)[] = [];
  server.use(
    mock.post(`*${base}/resume`, ({ request }) => {
      keys.push(request.headers.get("idempotency-key"));
      return keys.length === 1 ? HttpResponse.error() : HttpResponse.json({ ok: true });
    }),
  );
  await sent(async (key) =>
    ok(
      await http.POST("/api/crm/import/{source}/resume", {
        params: { ...params, header: { ...params.header, "idempotency-key": key } },
      }),
    ),
  );
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(keys[1]);
});

it("does not repeat what the server has refused", async () => {
  let calls = 0;
  const refused = sent(async () => {
    calls += 1;
    throw new Problem(409, undefined);
  });
  await expect(refused).rejects.toThrow(Problem);
  expect(calls).toBe(1);
});

it.each([400, 401, 403, 404, 409, 410, 412, 413, 422, 429, 500, 502, 503])(
  "tells people what a %i means, and which request it was",
  async (status) => {
    server.use(mock.get(`*${base}/schedule`, () => refusal(status, "some_code")));
    const error = await http
      .GET("/api/crm/import/{source}/schedule", { params })
      .then(ok)
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Problem);
    expect(explained(error)).toEqual({
      title: "some code",
      detail: "some_code it is",
      requestId: "req-1",
    });
  },
);

it("copes with an error that is no problem document", async () => {
  server.use(mock.get(`*${base}/schedule`, () => new HttpResponse("bad gateway", { status: 502 })));
  const error = await http
    .GET("/api/crm/import/{source}/schedule", { params })
    .then(ok)
    .catch((error: unknown) => error);
  expect(explained(error)).toMatchObject({ title: "Error 502" });
});

it("makes keys that differ", () => {
  expect(new Set(Array.from({ length: 100 }, newKey)).size).toBe(100);
});
