/**
 * Asks the application whose connection this is: one signed HTTP request with what the handshake brought, so that the
 * application's own login counts. `docs/operations/connect-hook.md` tells how to answer it.
 */
import { createHmac } from "node:crypto";
import type { Clock, HandshakeFacts, Hooks, Report, VouchedUser } from "@parlance/core";
import { fields, ProtocolError } from "@parlance/protocol";

export interface ConnectHookOptions {
  /** Where the application listens. */
  readonly url: string;
  /** Signs the requests; the application checks with the same. */
  readonly secret: string;
  /** Milliseconds until silence is taken for an answer. */
  readonly timeoutMs: number;
  /** What silence, a failure and nonsense mean: nobody comes in, or another way is tried. */
  readonly fallback: "refuse" | "continue";
  readonly clock: Clock;
  readonly report: Report;
}

/** Bytes of an answer that are read; an id and a name are short. */
const maxAnswerBytes = 16_384;

interface Answer {
  readonly status: number;
  /** Undefined where it is longer than is read. */
  readonly text: string | undefined;
}

/** Field of a request that carries its time and signature. */
export const signatureField = "parlance-signature";

/**
 * The signature of a request: `t=<seconds since 1970>,v1=<HMAC-SHA256 of "<t>.<body>", hexadecimal>`. The time is part
 * of what is signed, so that a request that was overheard is worth nothing a few minutes later.
 */
export function signRequest(secret: string, seconds: number, body: string): string {
  const mac = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${mac}`;
}

/** Hooks over HTTP. */
export function createConnectHook(options: ConnectHookOptions): Hooks {
  const { url, secret, timeoutMs, clock, report } = options;

  /** Silence, a failure, an answer that makes no sense. */
  function silent(reason: string): undefined {
    report("warn", "hook_failed", { hook: "connect", reason, fallback: options.fallback });
    if (options.fallback === "continue") return undefined;
    throw new ProtocolError("unavailable", { retry_after_ms: 1_000 });
  }

  async function ask(handshake: HandshakeFacts): Promise<Answer | undefined> {
    const { token: _, ...facts } = handshake;
    const body = JSON.stringify({ type: "connect", ...facts });
    const seconds = Math.floor(clock.now() / 1_000);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          [signatureField]: signRequest(secret, seconds, body),
        },
        body,
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      // The deadline is that of the whole answer.
      return { status: response.status, text: await readShort(response) };
    } catch (error) {
      const isLate = error instanceof Error && error.name === "TimeoutError";
      return silent(isLate ? "timeout" : "unreachable");
    }
  }

  return {
    async connect(handshake) {
      const answer = await ask(handshake);
      if (answer === undefined) return undefined;
      const { status, text } = answer;
      if (status === 401 || status === 403) throw new ProtocolError("unauthenticated");
      if (status === 204) return undefined;
      if (status !== 200) return silent(`status ${status}`);
      return text === undefined ? silent("answer too long") : (userIn(text) ?? silentOr(text));
    },
  } satisfies Hooks;

  /** `{}` and `null` are answers: the application knows nobody here. */
  function silentOr(text: string): undefined {
    const value = parse(text);
    const saysNobody =
      value === null || (typeof value === "object" && !("user_id" in (value as object)));
    return saysNobody ? undefined : silent("answer not understood");
  }
}

/**
 * The text of an answer that is read at all, undefined where it is too long. What is not read is not waited for either:
 * an application that answers without end costs a few pages of memory.
 */
async function readShort(response: Response): Promise<string | undefined> {
  if (response.status !== 200) {
    await response.body?.cancel();
    return "";
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function userIn(text: string): VouchedUser | undefined {
  const value = parse(text);
  if (typeof value !== "object" || value === null) return undefined;
  const { user_id: user, name } = value as { readonly user_id?: unknown; readonly name?: unknown };
  const isId =
    (typeof user === "number" && Number.isSafeInteger(user)) ||
    (typeof user === "string" && fields.userId.safeParse(user).success);
  if (!isId) return undefined;
  return { user, ...(typeof name === "string" ? { name } : {}) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
