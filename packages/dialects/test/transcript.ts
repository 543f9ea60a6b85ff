/**
 * Plays conversations that were written down by hand from the authors' descriptions: one line of JSON for each step,
 * in `transcripts/*.jsonl` beside a dialect. Frames are compared whole, with the order of their members.
 *
 * Steps: `{open, path?, headers?}`, `{from, send}` (`raw` for text as it is), `{to, frame}` the next frame of that client,
 * `{silent}` nothing for a while, `{close}`, `{rest: {method, path, body?, key?}, status, answer?}`, `{note}`.
 * In what is sent `$token:7` is a token of user 7 (a number) and `$token:"ann"` of a text; `$ref:x` what `$bind:x` has
 * caught. In what is expected `$iso`, `$seconds`, `$local`, `$text`, `$number` stand for any of their kind.
 */
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { WebSocket } from "ws";

type Json = unknown;

interface Step {
  readonly note?: string;
  readonly open?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly from?: string;
  readonly send?: Json;
  readonly raw?: string;
  readonly to?: string;
  readonly frame?: Json;
  readonly silent?: string;
  readonly close?: string;
  readonly rest?: {
    readonly method: string;
    readonly path: string;
    readonly body?: Json;
    readonly key?: boolean;
  };
  readonly status?: number;
  readonly answer?: Json;
}

/** Where a transcript is played. */
export interface Stage {
  readonly url: string;
  readonly path: string;
  /** The install's secret, which signs tokens. */
  readonly secret: string;
  /** A key of a back end. */
  readonly key?: string;
}

const waitMs = 5_000;
const silenceMs = 600;

/** One client: every frame that it got, and how many of them were looked at. */
class Client {
  readonly #socket: WebSocket;
  readonly #frames: string[] = [];
  #seen = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#frames.push(data.toString()));
    socket.on("error", () => {});
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<Client> {
    const socket = new WebSocket(url, { headers });
    const client = new Client(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  async next(): Promise<string | undefined> {
    const end = Date.now() + waitMs;
    while (this.#frames.length <= this.#seen && Date.now() < end) await sleep(5);
    const frame = this.#frames[this.#seen];
    this.#seen += 1;
    return frame;
  }

  get unseen(): readonly string[] {
    return this.#frames.slice(this.#seen);
  }

  close(): void {
    this.#socket.close();
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

/** Plays a transcript from its first line to its last. Fails at the first step that is not as it is written. */
export async function playTranscript(file: string, stage: Stage): Promise<void> {
  const clients = new Map<string, Client>();
  const caught = new Map<string, Json>();
  const clientOf = (name: string): Client => {
    const client = clients.get(name);
    if (client === undefined) throw new Error(`${name} is not connected`);
    return client;
  };
  const lines = readFileSync(file, "utf8").split("\n");
  try {
    for (const [index, line] of lines.entries()) {
      if (line.trim() === "") continue;
      const step = JSON.parse(line) as Step;
      const where = `line ${index + 1}: ${line}`;
      if (step.open !== undefined) {
        const url = `${stage.url.replace(/^http/, "ws")}${step.path ?? stage.path}`;
        const headers = fill(step.headers ?? {}, stage, caught) as Record<string, string>;
        clients.set(step.open, await Client.open(url, headers));
      } else if (step.from !== undefined) {
        clientOf(step.from).send(step.raw ?? JSON.stringify(fill(step.send, stage, caught)));
      } else if (step.to !== undefined) {
        const text = await clientOf(step.to).next();
        expect(text, `no frame came; ${where}`).toBeDefined();
        compare(JSON.parse(text ?? "null"), step.frame, caught, where);
      } else if (step.silent !== undefined) {
        await sleep(silenceMs);
        expect(clientOf(step.silent).unseen, where).toEqual([]);
      } else if (step.close !== undefined) {
        clientOf(step.close).close();
      } else if (step.rest !== undefined) {
        await ask(step, stage, caught, where);
      }
    }
    for (const [name, client] of clients) {
      expect(client.unseen, `frames left over for ${name}`).toEqual([]);
    }
  } finally {
    for (const client of clients.values()) client.terminate();
  }
}

async function ask(
  step: Step,
  stage: Stage,
  caught: Map<string, Json>,
  where: string,
): Promise<void> {
  const { rest } = step;
  if (rest === undefined) return;
  const path = String(fill(rest.path, stage, caught));
  const response = await fetch(`${stage.url}${path}`, {
    method: rest.method,
    headers: {
      ...(rest.body === undefined ? {} : { "content-type": "application/json" }),
      ...(rest.key === true ? { authorization: `Bearer ${stage.key}` } : {}),
    },
    ...(rest.body === undefined ? {} : { body: JSON.stringify(fill(rest.body, stage, caught)) }),
  });
  const text = await response.text();
  expect(`${response.status} ${text}`.slice(0, 3), `${text}; ${where}`).toBe(String(step.status));
  if (step.answer !== undefined) compare(JSON.parse(text), step.answer, caught, where);
}

/** A token as the description of MMB asks for: HMAC-SHA256, expiry, nonce; the id keeps its JSON type. */
export function mintToken(secret: string, user: string | number, ttlSeconds = 3_600): string {
  const encode = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub: String(user), user_id: user, iat: now, exp: now + ttlSeconds };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ ...claims, jti: randomUUID() })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** Puts in what is known only now. */
function fill(value: Json, stage: Stage, caught: ReadonlyMap<string, Json>): Json {
  if (typeof value === "string") {
    const [, user] = /^\$token:(.+)$/.exec(value) ?? [];
    if (user !== undefined) return mintToken(stage.secret, JSON.parse(user) as string | number);
    const [, whole] = /^\$ref:(\w+)$/.exec(value) ?? [];
    if (whole !== undefined) return caught.get(whole);
    return value.replaceAll(/\$ref:(\w+)/g, (_, name: string) => String(caught.get(name)));
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, stage, caught));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, fill(inner, stage, caught)]),
  );
}

const kinds: Readonly<Record<string, (value: Json) => boolean>> = {
  $iso: (value) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(value)) &&
    isNow(Date.parse(String(value))),
  $seconds: (value) => Number.isInteger(value) && isNow(Number(value) * 1_000),
  $local: (value) =>
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(String(value)) &&
    isNow(Date.parse(`${String(value).replace(" ", "T")}Z`)),
  $text: (value) => typeof value === "string" && value !== "",
  $number: (value) => typeof value === "number" && Number.isInteger(value) && value > 0,
};

function isNow(ms: number): boolean {
  return Math.abs(Date.now() - ms) < 60_000;
}

/** Compares as text, so that the order of members counts; what stands for a kind is replaced by its name first. */
function compare(actual: Json, expected: Json, caught: Map<string, Json>, where: string): void {
  const shown = named(actual, expected, caught);
  expect(JSON.stringify(shown), where).toBe(JSON.stringify(fill(expected, noStage, caught)));
}

const noStage: Stage = { url: "", path: "", secret: "" };

function named(actual: Json, expected: Json, caught: Map<string, Json>): Json {
  if (typeof expected === "string") {
    const [, kind = "", name] =
      /^(\$(?:iso|seconds|local|text|number))?(?:\$bind:(\w+))?$/.exec(expected) ?? [];
    const isKind = kinds[kind]?.(actual) ?? kind === "";
    if ((kind !== "" || name !== undefined) && isKind) {
      if (name !== undefined) caught.set(name, actual);
      return expected;
    }
    return actual;
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return actual.map((item: Json, index) => named(item, expected[index], caught));
  }
  if (typeof expected !== "object" || typeof actual !== "object") return actual;
  if (expected === null || actual === null) return actual;
  const wanted = expected as Readonly<Record<string, Json>>;
  return Object.fromEntries(
    Object.entries(actual).map(([name, inner]) => [name, named(inner, wanted[name], caught)]),
  );
}
