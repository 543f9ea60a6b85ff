/** Documents through the SDK's module for them, with Yjs as the application's copy. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "@parlance/client";
import { type OpenDocument, openDocument } from "@parlance/client/documents";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as Y from "yjs";
import { loadConfig } from "./config/load.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let server: ParlanceServer;
const clients: Client[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sdk-documents-"));
  const flags = { port: "0", log_level: "error" };
  server = await startServer(loadConfig({ flags, environment: {}, directory }).config);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

async function person(name: string): Promise<Client> {
  const client = createClient({ url: `${server.url}/ws`, guest: { name } });
  clients.push(client);
  await client.connect();
  return client;
}

interface Editor {
  readonly doc: Y.Doc;
  readonly open: OpenDocument;
  readonly failures: unknown[];
}

function edit(client: Client, room: string): Editor {
  const doc = new Y.Doc();
  const failures: unknown[] = [];
  const open = openDocument(
    client,
    room,
    {
      stateVector: () => Y.encodeStateVector(doc),
      apply: (update) => Y.applyUpdate(doc, update, "server"),
      beyond: (vector) => Y.encodeStateAsUpdate(doc, vector),
    },
    { failed: (error) => void failures.push(error) },
  );
  doc.on("update", (_: Uint8Array, origin: unknown) => {
    if (origin !== "server") open.written();
  });
  return { doc, open, failures };
}

const said = ({ doc }: Editor): string => doc.getText("t").toJSON();

test("[I-12] two people write, one of them goes, both write on, and have the same when they are back", async () => {
  const ann = await person("ann");
  const bob = await person("bob");
  const { room } = await ann.createRoom({ kind: "document", title: "Plan" });
  await ann.room(room).addMember(bob.user?.id ?? "");
  const one = edit(ann, room);
  const two = edit(bob, room);
  one.doc.getText("t").insert(0, "Hello");
  await expect.poll(() => said(two)).toBe("Hello");
  await expect.poll(() => [one.open.isSynced, two.open.isSynced]).toEqual([true, true]);
  bob.close();
  expect(two.open.isSynced).toBe(false);
  two.doc.getText("t").insert(5, " world");
  one.doc.getText("t").insert(0, "Oh. ");
  await bob.connect();
  await expect.poll(() => [said(one), said(two)]).toEqual(["Oh. Hello world", "Oh. Hello world"]);
  await expect.poll(() => [one.open.isSynced, two.open.isSynced]).toEqual([true, true]);
  expect([...one.failures, ...two.failures]).toEqual([]);

  const { version } = await two.open.name("With the world");
  one.doc.getText("t").delete(0, 4);
  await expect.poll(() => said(two)).toBe("Hello world");
  expect(await one.open.versions()).toMatchObject([{ version, name: "With the world" }]);
  const old = new Y.Doc();
  Y.applyUpdate(old, await one.open.version(version));
  expect(old.getText("t").toJSON()).toBe("Oh. Hello world");
  await one.open.restore(version);
  await expect.poll(() => [said(one), said(two)]).toEqual(["Oh. Hello world", "Oh. Hello world"]);
  await one.open.close();
  await two.open.close();
});

test("[Z1] a stranger is told that it is absent, and somebody who only reads that writing is refused", async () => {
  const ann = await person("ann");
  const eve = await person("eve");
  const { room } = await ann.createRoom({ kind: "document", title: "Mine" });
  const hidden = edit(eve, room);
  await expect.poll(() => hidden.failures).toMatchObject([{ code: "not_found" }]);
  await hidden.open.close();
  await ann.room(room).addMember(eve.user?.id ?? "", "guest");
  const reading = edit(eve, room);
  await expect.poll(() => reading.open.isSynced).toBe(true);
  reading.doc.getText("t").insert(0, "x");
  await expect.poll(() => reading.failures).toMatchObject([{ code: "forbidden" }]);
  expect(reading.open.isSynced).toBe(false);
  await reading.open.close();
});
