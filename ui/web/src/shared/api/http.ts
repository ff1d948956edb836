import createClient, { type Middleware } from "openapi-fetch";
import { observe } from "../time/clock.ts";
import { Problem } from "./problem.ts";
import { answered, isReachable, unanswered } from "./reach.ts";
import type { paths } from "./schema.d.ts";

const sentAt = new WeakMap<Request, number>();
const expired = new Set<() => void>();

/** Calls back whenever the server no longer knows who we are. */
export function onExpired(listener: () => void): () => void {
  expired.add(listener);
  return () => expired.delete(listener);
}

const house: Middleware = {
  onRequest({ request }) {
    request.headers.set("x-client", "ui");
    if (request.method !== "GET" && !request.headers.has("idempotency-key")) {
      request.headers.set("idempotency-key", newKey());
    }
    sentAt.set(request, Date.now());
    return request;
  },
  onResponse({ request, response }) {
    answered();
    const sent = sentAt.get(request);
    if (sent !== undefined) observe(response.headers, sent);
    if (response.status === 401 && !request.url.endsWith("/api/session")) {
      for (const listener of expired) listener();
    }
  },
  onError({ error }) {
    if (error instanceof TypeError) unanswered();
  },
};

/** A key under which the server carries out one command once, however often it is sent. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const http = createClient<paths>({
  baseUrl: location.origin,
  credentials: "same-origin",
  // Looked up with each call, so that tests can put another in its place.
  fetch: (request) => globalThis.fetch(request),
});
http.use(house);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a success; throws what is none. */
export function ok<T>({ data, error, response }: Answer<T>): NonNullable<T> {
  if (response.ok && data != null) return data;
  throw problem(error, response);
}

export function problem(error: unknown, response: Response): Problem {
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  const isBody = typeof error === "object" && error !== null && "code" in error;
  return new Problem(response.status, isBody ? (error as Problem["body"]) : undefined, retryAfter);
}

/**
 * Sends a command; once more under the same key when no answer came, so it is never done twice.
 *
 * Refused while the server can not be reached: a command that is done an hour later is the wrong one.
 */
export async function sent<T>(send: (key: string) => Promise<T>, key = newKey()): Promise<T> {
  if (!isReachable()) throw new TypeError("the server can not be reached");
  try {
    return await send(key);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    await new Promise((resolve) => setTimeout(resolve, 800));
    return send(key);
  }
}
