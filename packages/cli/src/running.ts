/** Speaks with the server that runs on the same install, as its operator. */
import { type Config, type LocalToken, readRunningFile, signLocalToken } from "@parlance/server";
import { tellable } from "./install.ts";
import { CommandFailure } from "./output.ts";

/** Long enough for a slow disk, short enough for somebody who waits at a terminal. */
const timeoutMs = 10_000;
const tokenLifeSeconds = 60;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Address of the server: where the last one said it listens, else where the configuration puts it. */
export function serverUrl(config: Config): string {
  const host = config.host === "0.0.0.0" || config.host === "::" ? "127.0.0.1" : config.host;
  const shown = host.includes(":") ? `[${host}]` : host;
  return readRunningFile(config.data_dir)?.url ?? `http://${shown}:${config.port}`;
}

/** @returns undefined if nobody answers there. */
export async function ask(
  config: Config,
  path: string,
  init: RequestInit = {},
  waitMs: number = timeoutMs,
): Promise<Answer | undefined> {
  try {
    const signal = AbortSignal.timeout(waitMs);
    const response = await fetch(`${serverUrl(config)}${path}`, { ...init, signal });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/**
 * Asks as operator, with a token that the install's secret signs for this one request.
 *
 * @returns the body, or undefined if no server runs.
 * @throws CommandFailure with the server's words if it refuses.
 */
export function askAsOperator(
  config: Config,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  waitMs?: number,
): Promise<Answer | undefined> {
  return operatorAsks(config, method, `/admin${path}`, body, waitMs);
}

/** As `askAsOperator`, for what everybody may ask and an operator of every room. */
export async function operatorAsks(
  config: Config,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  waitMs?: number,
): Promise<Answer | undefined> {
  const token = await operatorToken(config);
  const init = {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const answer = await ask(config, `/api/v1${path}`, init, waitMs);
  if (answer !== undefined && answer.status >= 400) throw refusal(answer);
  return answer;
}

function operatorToken(config: Config): Promise<string> {
  return signed(config, {
    user: "service:parlance-cli",
    ttlSeconds: tokenLifeSeconds,
    singleUse: true,
    scopes: ["admin"],
  });
}

/** @throws CommandFailure if the install's secret can neither be read nor made. */
export async function signed(config: Config, token: LocalToken): Promise<string> {
  try {
    return await signLocalToken(config, token);
  } catch (error) {
    throw tellable(error, config);
  }
}

/** The server's words for what it refuses. */
export function refusal({ status, body }: Answer): CommandFailure {
  const error = (body as { error?: { code: string; text: string; details?: object } }).error;
  if (error === undefined) return new CommandFailure(`The server answered ${status}.`);
  if (error.code === "unauthenticated") {
    return new CommandFailure(
      "The server does not accept this install's secret. Is it running with another one, or another data directory?",
    );
  }
  const details = error.details === undefined ? "" : ` ${JSON.stringify(error.details)}`;
  return new CommandFailure(`${error.text}${details}`);
}

export function silent(config: Config): CommandFailure {
  return new CommandFailure(`No server answers at ${serverUrl(config)}.`);
}
