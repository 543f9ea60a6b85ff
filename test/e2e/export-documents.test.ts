/** Documents that are exported come back to the same text, sequences and versions, on every engine. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@parlance/storage";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { serviceUrl } from "@parlance/testkit/services";
import { afterEach, beforeEach, describe, expect, vi } from "vitest";
import * as Y from "yjs";
import { type Requirement, requires } from "../requirements.ts";
import { parlance } from "./command-line.ts";
import { dropPrefix, freshPrefix } from "./prefixes.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

type Engine = "sqlite" | "postgresql" | "mariadb";
const engines: readonly (readonly [Engine, readonly Requirement[]])[] = [
  ["sqlite", []],
  ["postgresql", ["postgresql"]],
  ["mariadb", ["mariadb"]],
];

let directory: string;
const installs: Install[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "export-documents-"));
});
afterEach(async () => {
  for (const { server, prefix } of installs.splice(0)) {
    await server.kill();
    await dropPrefix(prefix);
  }
  await rm(directory, { recursive: true, force: true });
});

interface Install {
  readonly server: ServerProcess;
  readonly prefix: string;
}

async function start(engine: Engine): Promise<Install> {
  const prefix = freshPrefix();
  const settings: Record<string, string> =
    engine === "sqlite" ? {} : { PARLANCE_DATABASE_URL: `${serviceUrl(engine)}?prefix=${prefix}` };
  const server = new ServerProcess(await freePort(), join(directory, prefix), settings);
  const install = { server, prefix };
  installs.push(install);
  await server.start();
  return install;
}

/** The store of an install whose server does not run. */
async function openStore(engine: Engine, { server, prefix }: Install): Promise<Store> {
  if (engine === "sqlite") {
    const { openSqlite } = await import("@parlance/storage/sqlite");
    return openSqlite({ directory: server.dataDir });
  }
  const options = { url: serviceUrl(engine), prefix, connections: 4 };
  if (engine === "postgresql") {
    const { openPostgres } = await import("@parlance/storage/postgres");
    return openPostgres(options);
  }
  const { openMysql } = await import("@parlance/storage/mysql");
  return openMysql(options);
}

async function ran(
  { server }: Install,
  ...args: readonly string[]
): Promise<Record<string, number>> {
  const done = await parlance([...args, "--data-dir", server.dataDir, "--json"]);
  if (done.code !== 0) throw new Error(`${done.out}${done.err}${server.output}`);
  return JSON.parse(done.out) as Record<string, number>;
}

const base = "/api/v1/rooms/doc_plan/document";

async function ask(
  { server }: Install,
  token: string,
  path: string,
  body?: object,
): Promise<Response> {
  const response = await fetch(`${server.url}${path}`, {
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

async function guest(install: Install): Promise<{ readonly id: string; readonly token: string }> {
  const made = await (await ask(install, "", "/api/v1/guests", { name: "Ann" })).json();
  const { user, token } = made as { user: { id: string }; token: string };
  return { id: user.id, token };
}

/** Writes, names two versions, and has what came before the first of them erased. */
async function write(engine: Engine, install: Install): Promise<void> {
  const { server } = install;
  const { token } = await guest(install);
  const doc = new Y.Doc();
  const sent: Promise<unknown>[] = [];
  doc.on("update", (update: Uint8Array) => {
    const body = { update: Buffer.from(update).toString("base64") };
    sent.push(
      (sent.at(-1) ?? Promise.resolve()).then(() => ask(install, token, `${base}/updates`, body)),
    );
  });
  const target = doc.getText("t");
  for (const word of ["one ", "wörd ", "😀 ", "gone "]) target.insert(target.length, word);
  target.delete(target.length - 5, 5);
  await Promise.all(sent);
  await ask(install, token, `${base}/versions`, { name: "Draft 語" });
  target.insert(0, "behind it ");
  await Promise.all(sent);
  await server.stop();
  const store = await openStore(engine, install);
  const now = Date.now();
  const erased = await store.directory.eraseDocumentUpdates("doc_plan" as never, now, now);
  await store.close();
  expect(erased).toBe(5);
  await server.start();
  await ask(install, token, `${base}/versions`, { name: "Second" });
  target.insert(0, "last ");
  await Promise.all(sent);
}

/** What a document says, and said, as an operator's file has it. */
function saidIn(lines: readonly Record<string, unknown>[]): readonly unknown[] {
  return lines
    .filter(({ type }) => type === "document_state")
    .map(({ sequence, named, state }) => [
      sequence,
      (named as { name: string }).name,
      textOf(state),
    ]);
}

function textOf(state: unknown): string {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(Buffer.from(String(state), "base64")));
  return doc.getText("t").toJSON();
}

const linesOf = (text: string): readonly Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("an export with documents", () => {
  for (const [engine, needs] of engines) {
    requires(...needs)(
      `[I-1] is imported to the same text, sequences and versions, where updates were erased too: ${engine}`,
      async () => {
        const first = await start(engine);
        await write(engine, first);
        const one = join(directory, "one.jsonl");
        await ran(first, "export", "doc_*", "--to", one);
        const text = await readFile(one, "utf8");
        const lines = linesOf(text);
        expect(lines.filter(({ erased }) => erased === true)).toHaveLength(5);
        expect(saidIn(lines)).toEqual([
          [6, "Draft 語", "one wörd 😀 "],
          [8, "Second", "behind it one wörd 😀 "],
        ]);
        const head = lines.findLast(({ type }) => type === "event")?.["sequence"];
        await first.server.stop();

        const second = await start(engine);
        expect(await ran(second, "import", one)).toMatchObject({ refused: 0 });
        const two = join(directory, "two.jsonl");
        await ran(second, "export", "doc_*", "--to", two);
        expect(await readFile(two, "utf8")).toBe(text);
        expect(await ran(second, "import", one)).toMatchObject({ imported: 0, refused: 0 });

        const bob = await guest(second);
        const joined = {
          type: "member",
          room: "doc_plan",
          user: bob.id,
          name: "Bob",
          time: new Date().toISOString(),
        };
        const more = join(directory, "more.jsonl");
        await writeFile(more, `${JSON.stringify(joined)}\n`);
        await ran(second, "import", more);
        const state = await ask(second, bob.token, `${base}/state`);
        expect(state.headers.get("parlance-sequence")).toBe(String(Number(head) + 1));
        const bytes = Buffer.from(await state.arrayBuffer());
        expect(textOf(bytes.toString("base64"))).toBe("last behind it one wörd 😀 ");
        const versions = await (await ask(second, bob.token, `${base}/versions`)).json();
        expect((versions as { versions: unknown }).versions).toMatchObject([
          { version: 8, name: "Second", author_name: "Ann" },
          { version: 6, name: "Draft 語", author_name: "Ann" },
        ]);
      },
    );
  }
});
