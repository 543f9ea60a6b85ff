/** A server for the tests of one file, asked over REST. Tests only. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { loadConfig } from "./config/load.ts";
import { createLog } from "./log.ts";
import { type ParlanceServer, startServer } from "./start.ts";

/** What was answered. */
export interface Answer {
  readonly status: number;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- answers are looked at as they come
}

/** Somebody who came in as a guest. */
export interface Person {
  readonly id: string;
  readonly token: string;
}

/** Ways to ask the server. */
export interface RestScene {
  /** @param path Below `/api/v1`. */
  send(method: string, path: string, who?: Person, body?: unknown): Promise<Answer>;
  guest(name: string): Promise<Person>;
}

/** It runs while the tests of the file do. Call it once, outside of them. */
export function restScene(): RestScene {
  let directory: string;
  let server: ParlanceServer;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "rest-"));
    const { config } = loadConfig({
      flags: { port: "0", sign_ins_per_minute: "0", public_url: "http://127.0.0.1:1" },
      environment: {},
      directory,
    });
    server = await startServer(config, { log: createLog(config, { write: () => {} }) });
  });
  afterAll(async () => {
    await server.close(0);
    await rm(directory, { recursive: true, force: true });
  });
  const send: RestScene["send"] = async (method, path, who, body) => {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: {
        ...(who === undefined ? {} : { authorization: `Bearer ${who.token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  return {
    send,
    guest: async (name) => {
      const { body } = await send("POST", "/guests", undefined, { name });
      return { id: body.user.id, token: body.token };
    },
  };
}
