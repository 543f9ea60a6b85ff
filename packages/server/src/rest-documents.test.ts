/** Documents over HTTP, on a server with its own database. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as Y from "yjs";
import { loadConfig } from "./config/load.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let server: ParlanceServer;
let ann: string;
let bob: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "documents-"));
  const flags = { port: "0", log_level: "error" };
  server = await startServer(loadConfig({ flags, environment: {}, directory }).config);
  [ann, bob] = (await Promise.all(
    ["ann", "bob"].map(async (username) => {
      const { body } = await send("POST", "/accounts", "", {
        username,
        password: "a long password 1",
      });
      return body["token"] as string;
    }),
  )) as [string, string];
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

async function send(method: string, path: string, token: string, body?: unknown) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  return {
    status: response.status,
    bytes,
    headers: response.headers,
    body: (isJson ? JSON.parse(new TextDecoder().decode(bytes)) : {}) as Record<string, unknown>,
  };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const path = "/rooms/doc_rest/document";

function said(update: Uint8Array): string {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return doc.getText("t").toJSON();
}

test("a document is written, read as JSON and as bytes, and only what one lacks", async () => {
  const doc = new Y.Doc();
  doc.getText("t").insert(0, "over HTTP");
  const update = text(Y.encodeStateAsUpdate(doc));
  const written = await send("POST", `${path}/updates`, ann, { update });
  expect(written).toMatchObject({ status: 200, body: { room: "doc_rest", sequence: 2 } });
  const again = await send("POST", `${path}/updates`, ann, { update });
  expect(again.body).toMatchObject({ repeated: true, sequence: 2 });
  const read = await send("GET", path, ann);
  expect(said(new Uint8Array(Buffer.from(String(read.body["update"]), "base64")))).toBe(
    "over HTTP",
  );
  const raw = await send("GET", `${path}/state`, ann);
  expect(raw.headers.get("content-type")).toBe("application/octet-stream");
  expect(raw.headers.get("parlance-sequence")).toBe("2");
  expect(raw.headers.get("cache-control")).toContain("no-store");
  expect(said(raw.bytes)).toBe("over HTTP");
  const vector = Buffer.from(Y.encodeStateVector(doc)).toString("base64url");
  const nothing = await send("GET", `${path}?state_vector=${vector}`, ann);
  expect(nothing.body["update"]).toBe("AAA=");
});

test("[I-5] [Z1] what is no update is refused, and to strangers the document is absent", async () => {
  for (const update of ["", "AAAA", "not base64", 7, undefined]) {
    expect((await send("POST", `${path}/updates`, ann, { update })).status).toBe(400);
  }
  const large = text(new Uint8Array(4_194_307));
  expect([400, 413]).toContain(
    (await send("POST", `${path}/updates`, ann, { update: large })).status,
  );
  for (const [method, at, body] of [
    ["GET", "", undefined],
    ["GET", "/state", undefined],
    ["POST", "/updates", { update: "AAA=" }],
    ["GET", "/versions", undefined],
    ["POST", "/versions", { name: "Mine" }],
    ["GET", "/versions/2", undefined],
    ["POST", "/versions/2/restore", undefined],
  ] as const) {
    const hidden = await send(method, `${path}${at}`, bob, body);
    expect([at, hidden.status]).toEqual([at, 404]);
    expect(JSON.stringify(hidden.body)).toContain('"not_found"');
  }
});

test("a large update, over a megabyte, comes back byte for byte", async () => {
  const doc = new Y.Doc();
  const drawing = new Uint8Array(1_500_000).map((_, at) => (at * 7) % 256);
  doc.getMap("files").set("drawing", drawing);
  const large = "/rooms/doc_large/document";
  const written = await send("POST", `${large}/updates`, ann, {
    update: text(Y.encodeStateAsUpdate(doc)),
  });
  expect(written.status).toBe(200);
  const raw = await send("GET", `${large}/state`, ann);
  const read = new Y.Doc();
  Y.applyUpdate(read, raw.bytes);
  const back = read.getMap("files").get("drawing") as Uint8Array;
  expect(Buffer.from(back).equals(drawing)).toBe(true);
});

test("a version is named, listed, read and gone back to", async () => {
  const named = await send("POST", `${path}/versions`, ann, { name: "First" });
  expect(named).toMatchObject({ status: 200, body: { version: 2, name: "First" } });
  const doc = new Y.Doc();
  Y.applyUpdate(doc, (await send("GET", `${path}/state`, ann)).bytes);
  doc.getText("t").delete(0, 5);
  await send("POST", `${path}/updates`, ann, { update: text(Y.encodeStateAsUpdate(doc)) });
  expect(said((await send("GET", `${path}/state`, ann)).bytes)).toBe("HTTP");
  expect((await send("GET", `${path}/versions?limit=5`, ann)).body).toMatchObject({
    versions: [{ version: 2, name: "First", author_name: "ann" }],
  });
  expect((await send("GET", `${path}/versions?limit=0`, ann)).status).toBe(400);
  expect((await send("GET", `${path}/versions/2`, ann)).body).toMatchObject({ version: 2 });
  expect((await send("GET", `${path}/versions/1`, ann)).status).toBe(404);
  const restored = await send("POST", `${path}/versions/2/restore`, ann);
  expect(restored).toMatchObject({ status: 200, body: { room: "doc_rest" } });
  expect(said((await send("GET", `${path}/state`, ann)).bytes)).toBe("over HTTP");
});
