/** The few requests that come before a socket: signing up, in and out. */
import type { StoredSession } from "./session.ts";

/** A refused or failed request. `code` is the server's, or `offline` when there was no answer. */
export class RequestError extends Error {
  readonly code: string;
  readonly field: string | undefined;

  constructor(code: string, text: string, field?: string) {
    super(text);
    this.name = "RequestError";
    this.code = code;
    this.field = field;
  }
}

/** Comes in under a name, without an account. */
export function signInAsGuest(name: string): Promise<StoredSession> {
  return post("/api/v1/guests", { name });
}

/** Signs in to an account by user name. */
export function signIn(login: string, password: string): Promise<StoredSession> {
  return post("/api/v1/sessions", { username: login, password });
}

/** Makes an account and signs in to it. */
export function signUp(account: {
  username: string;
  password: string;
  name?: string;
  email?: string;
}): Promise<StoredSession> {
  return post("/api/v1/accounts", account);
}

/** Ends a login at the server. A server that cannot be reached is told nothing; the token expires there. */
export async function signOut(token: string): Promise<void> {
  await fetch("/api/v1/sessions/current", {
    method: "DELETE",
    headers: { authorization: `Bearer ${token}` },
    keepalive: true,
  }).catch(() => undefined);
}

async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => undefined);
  if (response === undefined) throw new RequestError("offline", "");
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer as T;
  const error = (
    answer as { error?: { code?: string; text?: string; details?: { field?: string } } }
  )?.error;
  throw new RequestError(error?.code ?? "unavailable", error?.text ?? "", error?.details?.field);
}
