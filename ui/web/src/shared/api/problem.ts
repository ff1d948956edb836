import { isReachable } from "./reach.ts";
import type { components } from "./schema.d.ts";

type ProblemBody = components["schemas"]["Problem"];

/** An answer that is not a success. */
export class Problem extends Error {
  readonly status: number;
  readonly body: ProblemBody | undefined;
  readonly retryAfter: number | undefined;

  constructor(status: number, body: ProblemBody | undefined, retryAfter?: number) {
    super(body?.detail ?? `The server answered ${status}.`);
    this.name = "Problem";
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }

  get code(): string {
    return this.body?.code ?? `http_${this.status}`;
  }
}

/** What to tell people about a failure. */
export function explained(error: unknown): { title: string; detail: string; requestId?: string } {
  if (error instanceof Problem) {
    const title = error.body?.title ?? `Error ${error.status}`;
    return { title, detail: error.message, requestId: error.body?.request_id };
  }
  if (error instanceof TypeError) {
    return isReachable()
      ? { title: "No answer", detail: "The server could not be reached." }
      : {
          title: "Offline",
          detail: "The server can not be reached. Commands are not kept for later.",
        };
  }
  return { title: "Failed", detail: error instanceof Error ? error.message : String(error) };
}

export function isProblem(error: unknown, code: string): error is Problem {
  return error instanceof Problem && error.code === code;
}
