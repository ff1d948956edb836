import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import type { Capabilities, Whoami } from "../shared/api/types.ts";

export const base = "/api/crm/import/acculynx";

export const capabilities: Capabilities = {
  ok: true,
  host: "axum",
  version: "0.0.0",
  streaming: false,
  poll_interval_sec: 15,
  min_interval_sec: 5,
  max_interval_sec: 604_800,
  sources: ["acculynx"],
  auth: "token",
  environment: null,
};

export const operator: Whoami = {
  ok: true,
  actor: "ada",
  role: "operator",
  tenants: ["*"],
  auth: "token",
};

/** A server that knows who we are, and nothing else. */
export const server = setupServer(
  http.get("*/ops/ping", () => HttpResponse.json({ ok: true })),
  http.get("*/api/capabilities", () => HttpResponse.json(capabilities)),
  http.get("*/api/whoami", () => HttpResponse.json(operator)),
  http.get(`*${base}/bulk`, () => HttpResponse.json({ ok: true, bulks: [] })),
);

export function refusal(status: number, code: string, extra: object = {}) {
  return HttpResponse.json(
    {
      ok: false,
      type: `urn:aetherlink:problem:${code}`,
      title: code.replaceAll("_", " "),
      status,
      code,
      detail: `${code} it is`,
      error: `${code} it is`,
      request_id: "req-1",
      ...extra,
    },
    { status, headers: { "content-type": "application/problem+json" } },
  );
}
