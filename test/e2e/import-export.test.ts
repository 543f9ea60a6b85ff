/** What is exported comes back to the same sequences, on every engine; what comes from elsewhere keeps its times and authors. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { serviceUrl } from "@parlance/testkit/services";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Requirement, requires } from "../requirements.ts";
import { type Done, parlance } from "./command-line.ts";
import { dropPrefix, freshPrefix } from "./prefixes.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

let directory: string;
const prefixes: string[] = [];
const servers: ServerProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "import-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
  for (const prefix of prefixes.splice(0)) await dropPrefix(prefix);
  await rm(directory, { recursive: true, force: true });
});

/** A server on an empty install. */
async function start(engine: Engine): Promise<ServerProcess> {
  const prefix = freshPrefix();
  prefixes.push(prefix);
  const settings: Record<string, string> =
    engine === "sqlite" ? {} : { PARLANCE_DATABASE_URL: `${serviceUrl(engine)}?prefix=${prefix}` };
  const server = new ServerProcess(await freePort(), join(directory, prefix), settings);
  servers.push(server);
  await server.start();
  return server;
}

function run(server: ServerProcess, ...args: readonly string[]): Promise<Done> {
  return parlance([...args, "--data-dir", server.dataDir]);
}

async function ran(
  server: ServerProcess,
  ...args: readonly string[]
): Promise<Record<string, number>> {
  const done = await run(server, ...args, "--json");
  if (done.code !== 0) throw new Error(`${done.out}${done.err}${server.output}`);
  return JSON.parse(done.out) as Record<string, number>;
}

async function write(name: string, lines: readonly unknown[]): Promise<string> {
  const path = join(directory, name);
  const texts = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  await writeFile(path, `${texts.join("\n")}\n`);
  return path;
}

async function reported(path: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(`${path}.report.jsonl`, "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const at = (minute: number): string => new Date(Date.UTC(2004, 6, 5, 12, minute)).toISOString();

const nextWeek = new Date(Date.now() + 7 * 86_400_000).toISOString();

/** What somebody writes by hand to bring a history here. */
const byHand = [
  { type: "user", id: "old:ann", name: "Ann" },
  { type: "user", id: "old:bob", name: "Bob" },
  { type: "room", room: "ubuntu", kind: "public", title: "Ubuntu" },
  { type: "room", room: "r_old", kind: "private", title: "Old & private" },
  { type: "member", room: "r_old", user: "old:ann", name: "Ann", role: "owner", time: at(0) },
  {
    type: "message",
    room: "ubuntu",
    key: 1,
    author: "old:ann",
    name: "Ann",
    time: at(1),
    text: "first wörds",
  },
  {
    type: "message",
    room: "ubuntu",
    key: 2,
    author: "old:bob",
    name: "Bob",
    time: at(2),
    text: "a secret",
    data: { files: [{ name: "x" }] },
  },
  {
    type: "edit",
    room: "ubuntu",
    key: 2,
    author: "old:bob",
    name: "Bob",
    time: at(3),
    text: "another secret",
  },
  {
    type: "reaction",
    room: "ubuntu",
    key: 1,
    author: "old:bob",
    name: "Bob",
    time: at(4),
    emoji: "👍",
  },
  { type: "delete", room: "ubuntu", key: 2, author: "old:bob", time: at(5) },
  {
    type: "message",
    room: "r_old",
    key: 1,
    author: "old:ann",
    name: "Ann",
    time: at(6),
    text: "北京 in private",
  },
] as const;

interface Item {
  readonly type?: string;
  readonly user?: string;
}

type Engine = "sqlite" | "postgresql" | "mariadb";
const engines: readonly (readonly [Engine, readonly Requirement[]])[] = [
  ["sqlite", []],
  ["postgresql", ["postgresql"]],
  ["mariadb", ["mariadb"]],
];

describe("an export", () => {
  for (const [engine, needs] of engines) {
    requires(...needs)(
      `[I-1] is imported to the same sequences, erased places too: ${engine}`,
      async () => {
        const first = await start(engine);
        const path = await write("by-hand.jsonl", byHand);
        expect(await ran(first, "import", path)).toMatchObject({
          imported: 11,
          repeated: 0,
          refused: 0,
        });
        expect(await ran(first, "import", path)).toMatchObject({ imported: 0, repeated: 11 });
        await speak(first);
        const dora = await keep(first);
        const one = join(directory, "one.jsonl");
        await ran(first, "export", "--scheduled", "--to", one);
        const less = join(directory, "less.jsonl");
        await ran(first, "export", "--to", less);
        expect(await readFile(less, "utf8")).not.toContain("on the day");
        const text = await readFile(one, "utf8");
        expect(text).not.toContain("secret");
        const lines = text
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Item);
        const own = lines.filter(({ user }) => user === dora);
        expect(own.map(({ type }) => type)).toEqual([
          "profile",
          "preferences",
          "preferences",
          "mark",
          "following",
          "following",
          "draft",
          "draft",
          "scheduled",
          "saved",
          "saved",
        ]);
        expect(own).toContainEqual(expect.objectContaining({ read_mark: 6, unread_after: 4 }));
        expect(own).toContainEqual(expect.objectContaining({ type: "following", follows: false }));
        expect(own).toContainEqual(expect.objectContaining({ at: nextWeek, text: "on the day" }));
        expect(own[0]).toMatchObject({ profile: { about: "plans" }, picture: { data: png() } });
        expect(
          text.split("\n").filter((line) => line.includes('"erased":true')).length,
        ).toBeGreaterThan(3);
        await first.stop();

        const second = await start(engine);
        const counts = await ran(second, "import", one);
        expect(counts).toMatchObject({ refused: 0 });
        const two = join(directory, "two.jsonl");
        await ran(second, "export", "--scheduled", "--to", two);
        expect(comparable(await readFile(two, "utf8"))).toEqual(comparable(text));
        expect(await ran(second, "import", one)).toMatchObject({ imported: 0, refused: 0 });
        const found = await run(second, "search", "北京", "--json");
        expect(JSON.parse(found.out)).toMatchObject({
          hits: [{ message: { author: "old:ann", time: at(6), room: "r_old" } }],
        });
        expect(JSON.parse((await run(second, "search", "secret", "--json")).out)).toEqual({
          hits: [],
        });
      },
    );
  }
});

type Api = (
  method: string,
  path: string,
  token: string,
  body?: object,
) => Promise<Record<string, string>>;

function apiOf(server: ServerProcess): Api {
  return async (method, path, token, body) => {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: {
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, string>;
  };
}

/** Lines without the marks of those who wrote by hand: out of an export they are who wrote, and have read what they did. */
const comparable = (text: string): string[] =>
  text.split("\n").filter((line) => !/^{"type":"mark".*"user":"old:/.test(line));

/** The start of a PNG file, which says how large it is. */
function png(): string {
  const bytes = Buffer.alloc(64);
  Buffer.from("89504e470d0a1a0a0000000d49484452", "hex").copy(bytes);
  bytes.writeUInt32BE(64, 16);
  bytes.writeUInt32BE(64, 20);
  return bytes.toString("base64");
}

/** Two guests: what is one's own of them is far from what it is at first. @returns the id of the one who has it. */
async function keep(server: ServerProcess): Promise<string> {
  const api = apiOf(server);
  const guest = async (name: string): Promise<{ id: string; token: string }> => {
    const made = await api("POST", "/guests", "", { name });
    const user = made["user"] as unknown as { id: string };
    return { id: user.id, token: made["token"] ?? "" };
  };
  const [dora, eli] = [await guest("Dora"), await guest("Eli")];
  const { room = "" } = await api("POST", "/rooms", eli.token, { kind: "private", title: "Plans" });
  await api("PUT", `/rooms/${room}/members/${dora.id}`, eli.token, { role: "member" });
  const ids: string[] = [];
  for (let n = 1; n <= 6; n += 1) {
    const said = await api("POST", `/rooms/${room}/messages`, eli.token, { text: `plan ${n}` });
    ids.push(said["message_id"] ?? "");
  }
  const place = `/rooms/${room}`;
  await api("PUT", `${place}/read-mark`, dora.token, { sequence: 6 });
  await api("POST", `${place}/unread`, dora.token, { sequence: 5 });
  for (const n of [1, 2]) {
    await api("POST", `${place}/messages`, eli.token, { text: `under ${n}`, thread: ids[0] ?? "" });
  }
  const thread = `${place}/messages/${ids[0]}/thread`;
  await api("PUT", `${thread}/following`, dora.token, { on: true });
  await api("POST", `${place}/messages`, eli.token, { text: "under 3", thread: ids[0] ?? "" });
  const second = `${place}/messages/${ids[1]}/thread`;
  await api("POST", `${place}/messages`, eli.token, { text: "beside", thread: ids[1] ?? "" });
  await api("PUT", `${second}/following`, dora.token, { on: true });
  await api("DELETE", `${second}/following`, dora.token);
  await api("PATCH", `${place}/preferences`, dora.token, { favourite: true, level: "nothing" });
  const sections = [{ id: "w", name: "Wörk" }];
  await api("PATCH", "/me/preferences", dora.token, { sections, shares_receipts: false });
  await api("PUT", `${place}/draft`, dora.token, { text: "not yet", reply_to: ids[1] });
  await api("PUT", `${place}/draft`, dora.token, { text: "under it", thread: ids[0] });
  for (const id of [ids[2], ids[1]]) {
    await api("PUT", `${place}/messages/${id}/saved`, dora.token, {});
  }
  await api("PUT", "/scheduled/s1", dora.token, {
    room,
    at: nextWeek,
    text: "on the day",
    thread: ids[0],
  });
  await api("PATCH", "/me/profile", dora.token, {
    about: "plans",
    status: { emoji: "🌱", text: "at it" },
  });
  await api("PUT", "/me/picture", dora.token, { data: png() });
  return dora.id;
}

/** A guest writes, edits, deletes, and lets a message grow that is deleted again. */
async function speak(server: ServerProcess): Promise<void> {
  const api = apiOf(server);
  const { token = "" } = await api("POST", "/guests", "", { name: "Cleo" });
  const say = async (body: object): Promise<string> =>
    (await api("POST", "/rooms/ubuntu/messages", token, body))["message_id"] ?? "";
  await say({ text: "hello from today" });
  const gone = await say({ text: "a secret of today" });
  await api("PATCH", `/rooms/ubuntu/messages/${gone}`, token, { text: "a secret, edited" });
  await api("DELETE", `/rooms/ubuntu/messages/${gone}`, token);
  for (const isDeleted of [false, true]) {
    const grown = await say({ text: "it ", open: true });
    const place = `/rooms/ubuntu/messages/${grown}`;
    await api("POST", `${place}/append`, token, { at: 3, text: isDeleted ? "secret" : "grows" });
    await api("POST", `${place}/close`, token, {});
    if (isDeleted) await api("DELETE", place, token);
  }
}

describe("an import", () => {
  test("refuses what is wrong alone, and says why of each item", async () => {
    const server = await start("sqlite");
    const wrong = [
      byHand[2],
      "not JSON",
      { type: "cheese" },
      { type: "message", room: "ubuntu", key: 1, author: "a b", time: at(1), text: "x" },
      { type: "message", room: "nowhere", key: 1, author: "old:ann", time: at(1), text: "x" },
      {
        type: "message",
        room: "ubuntu",
        key: 2,
        author: "old:ann",
        time: "1969-01-01T00:00:00Z",
        text: "x",
      },
      { type: "message", room: "ubuntu", key: 3, author: "old:ann", time: at(1), text: 7 },
      { type: "message", room: "ubuntu", key: 4, author: "old:ann", time: at(1), text: "\u0000" },
      { type: "edit", room: "ubuntu", key: 99, author: "old:ann", time: at(1), text: "x" },
      { type: "message", room: "ubuntu", key: 5, author: "old:ann", time: at(1), text: "good" },
      { type: "message", room: "ubuntu", key: 5, author: "old:ann", time: at(1), text: "other" },
    ];
    const path = await write("wrong.jsonl", wrong);
    const trial = await run(server, "import", path, "--dry-run", "--json");
    expect(JSON.parse(trial.out)).toMatchObject({ imported: 5, refused: 6, dry_run: true });
    await rm(`${path}.report.jsonl`);
    const done = await run(server, "import", path, "--json");
    expect(done.code).toBe(1);
    expect(JSON.parse(done.out)).toMatchObject({ imported: 2, refused: 9 });
    const report = await reported(path);
    expect(report.map(({ outcome }) => outcome)).toEqual([
      "imported",
      ...Array<string>(8).fill("refused"),
      "imported",
      "refused",
    ]);
    expect(report[1]).toMatchObject({ at: "line 2", why: "not an item" });
    expect(report[4]).toMatchObject({ room: "nowhere", why: "there is no such room" });
    expect(report[10]).toMatchObject({ why: "something else was imported under its key" });
  });

  test("goes on behind a kill of either side, and nothing is there twice", async () => {
    const server = await start("sqlite");
    const count = 6_000;
    const lines: object[] = [byHand[0], byHand[2]];
    for (let n = 0; n < count; n += 1) {
      lines.push({
        type: "message",
        room: "ubuntu",
        key: n,
        author: "old:ann",
        time: at(n),
        text: `line ${n}`,
      });
    }
    const path = await write("long.jsonl", lines);
    const first = run(server, "import", path, "--json");
    await vi.waitUntil(
      async () => (await readFile(`${path}.report.jsonl`, "utf8").catch(() => "")) !== "",
      {
        timeout: 60_000,
      },
    );
    await server.kill();
    expect((await first).code).toBe(1);
    await server.start();
    const counts = await ran(server, "import", path);
    expect(counts).toMatchObject({ items: count + 2, refused: 0 });
    const to = join(directory, "out.jsonl");
    await ran(server, "export", "ubuntu", "--to", to);
    const texts = (await readFile(to, "utf8"))
      .split("\n")
      .filter((line) => line.includes("message.created"))
      .map((line) => (JSON.parse(line) as { data: { text: string } }).data.text);
    expect(texts).toEqual(Array.from({ length: count }, (_, n) => `line ${n}`));
  });

  test("[I-1] sends a scheduled message whose time is over once, and none that was refused", async () => {
    const server = await start("sqlite");
    const later = { type: "scheduled", user: "old:ann", room: "ubuntu", at: at(1) };
    const path = await write("later.jsonl", [
      byHand[0],
      byHand[2],
      { ...later, client_message_id: "s1", text: "late, but here" },
      { ...later, client_message_id: "s2", text: "never", refused: "forbidden" },
      { ...later, client_message_id: "s3", text: "nobody's", user: "old:nobody" },
    ]);
    expect((await run(server, "import", path)).code).toBe(1);
    const said = async (): Promise<readonly (string | undefined)[]> => {
      const to = join(directory, "later-out.jsonl");
      await ran(server, "export", "ubuntu", "--scheduled", "--to", to);
      return (await readFile(to, "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { text?: string; data?: { text?: string } })
        .map(({ text, data }) => text ?? data?.text)
        .filter((text) => text !== undefined);
    };
    await expect.poll(said, { timeout: 30_000 }).toEqual(["late, but here", "never"]);
    expect((await run(server, "import", path)).code).toBe(1);
    await expect.poll(said, { timeout: 30_000 }).toEqual(["late, but here", "never"]);
    expect((await reported(path)).at(-1)).toMatchObject({ why: "nobody is called so" });
  });

  test("takes a Slack export: threads' roots, reactions, edits, files, mentions and links", async () => {
    const server = await start("sqlite");
    const folder = join(directory, "slack");
    const files: Record<string, unknown> = {
      "users.json": [
        { id: "U1", name: "ann", profile: { display_name: "Ann" } },
        { id: "U2", name: "bob", real_name: "Bob B" },
      ],
      "channels.json": [{ id: "C1", name: "general", members: ["U1", "U2"] }],
      "general/2020-01-01.json": [
        {
          type: "message",
          user: "U1",
          text: "hi <@U2> see <https://a.example|this> &amp; <#C1|general> <!here>",
          ts: "1577880000.000100",
          reactions: [
            { name: "+1", users: ["U2"], count: 1 },
            { name: "party_parrot", users: ["U1"], count: 1 },
          ],
        },
        {
          type: "message",
          subtype: "channel_join",
          user: "U2",
          text: "joined",
          ts: "1577880001.000100",
        },
        {
          type: "message",
          user: "U2",
          text: "new text",
          ts: "1577880002.000100",
          edited: { user: "U2", ts: "1577990000.000000" },
        },
      ],
      "general/2020-01-02.json": [
        {
          type: "message",
          user: "U1",
          text: "a reply",
          ts: "1577966400.000100",
          thread_ts: "1577880000.000100",
        },
        {
          type: "message",
          user: "U1",
          text: "",
          ts: "1577966401.000100",
          files: [
            {
              name: "plan.pdf",
              url_private: "https://files.example/plan.pdf",
              mimetype: "application/pdf",
              size: 3,
            },
          ],
        },
      ],
    };
    for (const [name, content] of Object.entries(files)) {
      const { mkdir } = await import("node:fs/promises");
      await mkdir(join(folder, name, ".."), { recursive: true });
      await writeFile(join(folder, name), JSON.stringify(content));
    }
    // The room "general" is there from the start.
    const all = { refused: 0, items: 12 };
    expect(await ran(server, "import", folder)).toMatchObject({ ...all, imported: 11 });
    expect(await ran(server, "import", folder)).toMatchObject({ ...all, repeated: 12 });
    const found = async (query: string) =>
      (
        JSON.parse((await run(server, "search", query, "--json")).out) as {
          hits: { message: Record<string, unknown> }[];
        }
      ).hits;
    const [hello] = await found("hi bob");
    expect(hello?.message).toMatchObject({
      author: "slack:U1",
      author_name: "Ann",
      text: "hi @Bob B see this (https://a.example) & #general @here",
      time: "2020-01-01T12:00:00.000Z",
      reactions: [
        { emoji: "👍", users: ["slack:U2"] },
        { emoji: ":party_parrot:", users: ["slack:U1"] },
      ],
    });
    const [edited] = await found("new text");
    expect(edited?.message).toMatchObject({ edited_at: "2020-01-02T18:33:20.000Z" });
    const [file] = await found("has:file");
    expect(file?.message).toMatchObject({
      text: "plan.pdf: https://files.example/plan.pdf",
      data: { files: [{ name: "plan.pdf", bytes: 3, media_type: "application/pdf" }] },
    });
  });
});
