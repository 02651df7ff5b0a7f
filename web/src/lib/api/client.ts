/** The one client of the HTTP API; its types are generated from the API's own document. */
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
type Problem = Partial<Schemas["Problem"]>;

/** A refusal, as the API words it. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string;
  readonly numbers: Record<string, unknown>;

  constructor(status: number, problem: Problem) {
    super(problem.detail || problem.title || `The server answered ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "";
    this.field = problem.field ?? "";
    this.numbers = (problem.numbers ?? {}) as Record<string, unknown>;
  }
}

const refusals: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    const problem: Problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, problem);
  },
};

let csrfToken: string | null = null;

/** What every write by cookie shows, told by the session. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

const proof: Middleware = {
  onRequest({ request }) {
    if (csrfToken && request.method !== "GET") request.headers.set("X-CSRF-Token", csrfToken);
  },
};

export const api = createClient<paths>({ baseUrl: "/", headers: { Accept: "application/json" } });
api.use(proof, refusals);

/** What a call brought; a refusal has been thrown before. */
export async function result<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data } = await call;
  return data as T;
}
