import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryBroker } from "@parlance/broker/memory";
import { type Append, type Appended, type RoomLog, StorageError } from "@parlance/core";
import type { ClientMessageId, RoomId } from "@parlance/protocol";
import { createPublisher } from "@parlance/publisher";
import { type Harness, startNode } from "@parlance/testkit/harness";
import { createMemoryStore } from "@parlance/testkit/memory";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Door, Lease } from "../door.ts";
import { createDoorway } from "../doorway.ts";
import { maxPublicationBytes } from "../read.ts";
import { openSpoolDoor } from "./index.ts";

const patience = { timeout: 20_000, interval: 20 };

interface Line {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A node over a log that can be away, before or after it has stored, and doors to it. */
class House {
  readonly lines: Line[] = [];
  /** What was given to the log: repeats too. */
  appends = 0;
  isAway = false;
  /** Stores, and loses the answer. */
  losesAnswers = false;
  readonly services = new Map([["k1", "shop"]]);
  readonly #doors: Door[] = [];
  readonly #log: RoomLog;
  readonly directory: string;
  readonly node: Harness["node"];

  private constructor(directory: string, log: RoomLog, harness: Harness) {
    this.directory = directory;
    this.#log = log;
    this.node = harness.node;
  }

  static async build(directory: string): Promise<House> {
    const store = createMemoryStore({ random: Math.random });
    const door: { house?: House } = {};
    const log: RoomLog = {
      ...store.log,
      append: async (append: Append): Promise<Appended> => {
        const { house } = door;
        if (house?.isAway === true) throw new StorageError("away", "none");
        if (house !== undefined) house.appends += 1;
        const appended = await store.log.append(append);
        if (house?.losesAnswers === true) throw new StorageError("lost", "unknown");
        return appended;
      },
    };
    const harness = await startNode({ ...store, log, broker: createMemoryBroker() });
    door.house = new House(directory, store.log, harness);
    return door.house;
  }

  async open(lease: Lease = alone): Promise<Door> {
    const report = (_: string, event: string, fields: Line["fields"]): void => {
      this.lines.push({ event, fields });
    };
    const door = await openSpoolDoor({
      directory: this.directory,
      doorway: createDoorway({ node: this.node, name: "spool", service: "backend", report }),
      lease,
      serviceOfKey: async (id) => {
        if (this.isAway) throw new StorageError("away", "none");
        return this.services.get(id);
      },
      report,
    });
    this.#doors.push(door);
    return door;
  }

  async close(): Promise<void> {
    for (const door of this.#doors) await door.close();
    await this.node.close();
  }

  /** What is stored in a room, in order: authors and texts. */
  async stored(room: string): Promise<readonly (readonly [string, string])[]> {
    const all: (readonly [string, string])[] = [];
    for (;;) {
      const page = await this.#log.read({ room: room as RoomId, after: all.length, limit: 200 });
      if (page === undefined || page.events.length === 0) return all;
      for (const { frame } of page.events) {
        const said = "data" in frame ? (frame.data as { text?: string }) : {};
        all.push([String(frame.author), said.text ?? ""]);
      }
    }
  }

  async texts(room: string): Promise<readonly string[]> {
    return (await this.stored(room)).map(([, text]) => text);
  }

  events(event: string): readonly Line["fields"][] {
    return this.lines.filter((line) => line.event === event).map(({ fields }) => fields);
  }

  waiting(): Promise<string[]> {
    return readdir(this.directory).then((names) => names.filter((name) => name !== "refused"));
  }

  aside(): Promise<string[]> {
    return readdir(join(this.directory, "refused")).then((names) => names.sort());
  }

  reason(stem: string): Promise<string> {
    return readFile(join(this.directory, "refused", `${stem}.reason.txt`), "utf8");
  }

  /** As a back end writes: under another name, then renamed. */
  async put(name: string, content: unknown): Promise<void> {
    const path = join(this.directory, name);
    await writeFile(`${path}.tmp`, typeof content === "string" ? content : JSON.stringify(content));
    await rename(`${path}.tmp`, path);
  }
}

const alone: Lease = {
  take: async () => true,
  giveBack: async () => {},
  lifeMs: 30_000,
};

/** One lease that several may want. */
class SharedLease {
  holder: string | undefined;
  answers = 0;
  readonly refusing = new Set<string>();

  of(who: string, lifeMs: number): Lease {
    return {
      take: async () => {
        if (this.refusing.has(who)) throw new StorageError("away", "none");
        this.answers += 1;
        this.holder ??= who;
        return this.holder === who;
      },
      giveBack: async () => {
        if (this.holder === who) this.holder = undefined;
      },
      lifeMs,
    };
  }
}

const inRoom = (text: string, room = "general"): Record<string, unknown> => ({ room, text });
const numbered = (index: number): string => `${String(index).padStart(17, "0")}-a1.json`;
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

let directory: string;
let house: House;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "spool-")), "in");
  house = await House.build(directory);
});
afterEach(async () => {
  await house.close();
  await rm(join(directory, ".."), { recursive: true });
});

describe("what lies in the spool is published", () => {
  test("in the order of the names, also what was written while the server was down; then it is taken away", async () => {
    await mkdir(directory);
    const order = range(200).sort((a, b) => ((a * 37) % 200) - ((b * 37) % 200));
    for (const index of order) await house.put(numbered(index), inRoom(`m${index}`));
    const door = await house.open();
    const expected = range(200).map((index) => `m${index}`);
    await expect.poll(() => house.texts("general"), patience).toEqual(expected);
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(door.status()).toEqual({ isOpen: true, published: 200, refused: 0, underWay: 0 });
    await house.put(numbered(300), inRoom("later"));
    await expect.poll(() => house.texts("general"), patience).toEqual([...expected, "later"]);
    expect(await house.aside()).toEqual([]);
    expect(house.lines).toEqual([]);
  });

  test("for every kind of target, under the door's service or that of the key it names", async () => {
    await house.open();
    await house.put("a1.json", { ...inRoom("by the door"), idempotency_key: "same" });
    await house.put("a2.json", { ...inRoom("by the shop"), key_id: "k1", idempotency_key: "same" });
    await house.put("a3.json", { rooms: ["one", "two"], data: { title: "both" } });
    await house.put("a4.json", { user: "ann", text: "to ann" });
    await house.put("a5.json", { everyone: true, text: "to all", data: { n: 1 } });
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.stored("general")).toEqual([
      ["service:backend", "by the door"],
      ["service:shop", "by the shop"],
    ]);
    expect(await house.texts("one")).toEqual(["both"]);
    expect(await house.texts("two")).toEqual(["both"]);
    expect(await house.texts("user:ann")).toEqual(["to ann"]);
    expect(await house.texts("notifications")).toEqual(["to all"]);
  });

  test("[PE-14] what the publisher library spooled, once with what it had sent before under the same key", async () => {
    const publisher = createPublisher({ spoolDirectory: directory, key: "plk_k1_secret" });
    await mkdir(directory);
    const texts = range(100).map((index) => `m${index}`);
    const sent = texts.map((text) =>
      publisher.publish({ room: "general", text, data: { text }, idempotency_key: text }),
    );
    await Promise.all(sent);
    // It went over HTTP with an unknown outcome, by the service of the key.
    const shop = createDoorway({
      node: house.node,
      name: "http",
      service: "shop",
      report: () => {},
    });
    const first = { room: "general" as RoomId, text: "m0", data: { text: "m0" } };
    await shop.publish(first, "m0" as ClientMessageId);
    await house.open();
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    const expected = texts.map((text) => ["service:shop", text]);
    expect(await house.stored("general")).toEqual(expected);
    expect(await house.aside()).toEqual([]);
    expect(house.appends).toBe(101);
  });

  test("five thousand files, once each and in order, a few at a time in memory", async () => {
    await mkdir(directory);
    for (const index of range(5_000)) {
      await writeFile(join(directory, numbered(index)), JSON.stringify(inRoom(`m${index}`)));
    }
    const door = await house.open();
    let most = 0;
    await expect
      .poll(() => {
        most = Math.max(most, door.status().underWay);
        return door.status().published;
      }, patience)
      .toBe(5_000);
    expect(await house.texts("general")).toEqual(range(5_000).map((index) => `m${index}`));
    expect(most).toBeLessThanOrEqual(64);
    expect(house.appends).toBe(5_000);
    expect(await house.waiting()).toEqual([]);
  });

  test("a look at a directory is no snapshot: files that appear while it goes on keep their order", async () => {
    const count = 4_000;
    const door = await house.open();
    const writer = spawn(process.execPath, ["-e", quickWriter, directory, String(count)], {
      stdio: "inherit",
    });
    await once(writer, "exit");
    await expect.poll(() => door.status().published, patience).toBe(count);
    expect(await house.texts("general")).toEqual(range(count).map((index) => `m${index}`));
  });

  test("the directory is made for this user only; one that is there stays as it is", async () => {
    await house.open();
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, "refused"))).mode & 0o077).toBe(0);
    const other = join(directory, "..", "theirs");
    await mkdir(other);
    await chmod(other, 0o770);
    const second = await House.build(other);
    await second.open();
    expect((await stat(other)).mode & 0o777).toBe(0o770);
    await second.close();
  });

  test("a directory that vanishes is made anew, and the door is open again", async () => {
    const door = await house.open();
    await rm(directory, { recursive: true });
    await expect.poll(() => house.events("spool_unreadable").length, patience).toBe(1);
    await expect.poll(() => door.status().isOpen, patience).toBe(true);
    await house.put("a.json", inRoom("after"));
    await expect.poll(() => house.texts("general"), patience).toEqual(["after"]);
    expect(house.events("spool_unreadable")).toHaveLength(1);
  });

  test("a directory that cannot be one fails the opening", async () => {
    await writeFile(directory, "a file");
    await expect(house.open()).rejects.toThrow();
  });
});

describe("exactly once", () => {
  test("what was published and not taken away is not published again, here and after a restart", async () => {
    const first = await house.open();
    const content = inRoom("once");
    await house.put("a.json", content);
    await expect.poll(() => first.status().published, patience).toBe(1);
    await house.put("a.json", content);
    await expect.poll(() => first.status().published, patience).toBe(2);
    await first.close();
    await house.put("a.json", content);
    await house.put("b.json", inRoom("next"));
    await house.open();
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.texts("general")).toEqual(["once", "next"]);
    expect(house.appends).toBe(4);
  });

  test("a publication's own key wins over the name, and belongs to the service of its key", async () => {
    await house.open();
    const keyed = { ...inRoom("keyed"), idempotency_key: "mine" };
    await house.put("a.json", keyed);
    await house.put("b.json", keyed);
    await house.put("c.json", { ...keyed, key_id: "k1" });
    await house.put("d.json", { ...keyed, key_id: "k1" });
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.stored("general")).toEqual([
      ["service:backend", "keyed"],
      ["service:shop", "keyed"],
    ]);
  });

  test("a file that is exchanged for another while it is published is not taken away unread", async () => {
    house.isAway = true;
    await house.open();
    await house.put("a.json", { ...inRoom("first"), idempotency_key: "1" });
    await expect.poll(() => house.events("door_waits").length, patience).toBe(1);
    await house.put("a.json", { ...inRoom("second"), idempotency_key: "2" });
    house.isAway = false;
    await expect.poll(() => house.texts("general"), patience).toEqual(["first", "second"]);
    await expect.poll(() => house.waiting(), patience).toEqual([]);
  });
});

describe("poison", () => {
  test("is set aside with its reason, and what comes behind it is published", async () => {
    await mkdir(directory);
    const put = (name: string, content: unknown): Promise<void> => house.put(name, content);
    await put("00-text.json", "not JSON");
    await put("01-half.json", '{"room":"general","text":"ha');
    await put("02-empty.json", "");
    await put("03-array.json", "[1]");
    await put(
      "04-deep.json",
      `{"room":"general","data":${'{"a":'.repeat(90_000).slice(0, 200_000)}`,
    );
    await put("05-huge.json", inRoom("x".repeat(maxPublicationBytes)));
    await put("06-targets.json", { ...inRoom("two"), user: "ann" });
    await put("07-room.json", inRoom("no such room", "../etc"));
    await put("08-nothing.json", { room: "general" });
    await put("09-private.json", inRoom("not made by use", "r_absent"));
    await put("10-key.json", { ...inRoom("key"), key_id: "gone" });
    await put("11-key.json", { ...inRoom("key"), key_id: { $ne: 1 } });
    await put("12-utf8.json", "");
    await writeFile(join(directory, "12-utf8.json"), Buffer.from([0x7b, 0xff, 0xfe, 0x7d]));
    await put("13-long.json", inRoom("x".repeat(20_000)));
    await put("99-good.json", inRoom("good"));
    const door = await house.open();
    await expect.poll(() => house.texts("general"), patience).toEqual(["good"]);
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    const reasons = Object.fromEntries(
      await Promise.all(
        (await house.aside())
          .filter((name) => name.endsWith(".json"))
          .map(async (name) => [name, await house.reason(name.slice(0, -5))]),
      ),
    );
    expect(reasons).toEqual({
      "00-text.json": "bad_request rule=not JSON in UTF-8\n",
      "01-half.json": "bad_request rule=not JSON in UTF-8\n",
      "02-empty.json": "bad_request rule=not JSON in UTF-8\n",
      "03-array.json": "bad_request rule=not a JSON object\n",
      "04-deep.json": expect.stringMatching(/^too_large|^bad_request rule=not JSON in UTF-8/),
      "05-huge.json": `too_large limit=${maxPublicationBytes}\n`,
      "06-targets.json": expect.stringMatching(/^bad_request rule=exactly one of/),
      "07-room.json": expect.stringMatching(/^bad_request field=room rule=.+\n$/),
      "08-nothing.json": "bad_request field=text rule=text or data\n",
      "09-private.json": expect.stringMatching(/^(not_found|forbidden) room=r_absent/),
      "10-key.json": "unauthenticated field=key_id\n",
      "11-key.json": "bad_request field=key_id\n",
      "12-utf8.json": "bad_request rule=not JSON in UTF-8\n",
      "13-long.json": expect.stringMatching(/^too_large field=text/),
    });
    expect(door.status()).toMatchObject({ published: 1, refused: 14 });
    const told = house.events("spool_refused");
    expect(told).toHaveLength(14);
    expect(told).toContainEqual({
      file: "08-nothing.json",
      error_code: "bad_request",
      field: "text",
      rule: "text or data",
    });
    expect(await readFile(join(directory, "refused", "00-text.json"), "utf8")).toBe("not JSON");
  });

  test("links, sockets and pipes are set aside themselves, and what they lead to stays as it is", async () => {
    await mkdir(directory);
    const outside = join(directory, "..", "outside.json");
    await writeFile(outside, JSON.stringify(inRoom("not for here")));
    await symlink(outside, join(directory, "a.json"));
    await symlink("/nowhere", join(directory, "b.json"));
    const pipe = spawn("mkfifo", [join(directory, "c.json")]);
    await once(pipe, "exit");
    const listener = createServer().listen(join(directory, "d.json"));
    await once(listener, "listening");
    await house.put("e.json", inRoom("good"));
    await house.open();
    await expect.poll(() => house.texts("general"), patience).toEqual(["good"]);
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    for (const stem of ["a", "b", "c", "d"]) {
      expect(await house.reason(stem)).toBe("bad_request rule=not a regular file\n");
    }
    expect((await lstat(join(directory, "refused", "a.json"))).isSymbolicLink()).toBe(true);
    expect(JSON.parse(await readFile(outside, "utf8"))).toEqual(inRoom("not for here"));
    listener.close();
  });

  test("a link in the place of refused/ is not followed", async () => {
    await house.open();
    const elsewhere = join(directory, "..", "elsewhere");
    await mkdir(elsewhere);
    await rm(join(directory, "refused"), { recursive: true });
    await symlink(elsewhere, join(directory, "refused"));
    await house.put("a.json", { room: "general" });
    await house.put("b.json", inRoom("good"));
    await expect.poll(() => house.texts("general"), patience).toEqual(["good"]);
    await expect.poll(() => house.events("spool_file_trouble").length, patience).toBe(1);
    expect(house.events("spool_file_trouble")[0]).toMatchObject({
      file: "a.json",
      error_code: "ENOTDIR",
    });
    expect(await readdir(elsewhere)).toEqual([]);
    expect(await house.waiting()).toEqual(["a.json"]);
  });

  test("foreign names are left alone", async () => {
    await mkdir(join(directory, "directory.json"), { recursive: true });
    const foreign = [".hidden.json", "a.json.tmp", "b.txt", "c.JSON", "json"];
    for (const name of foreign) await writeFile(join(directory, name), JSON.stringify(inRoom("x")));
    await house.put("z.json", inRoom("good"));
    const door = await house.open();
    await expect.poll(() => house.texts("general"), patience).toEqual(["good"]);
    await expect.poll(() => door.status().underWay, patience).toBe(0);
    expect((await house.waiting()).sort()).toEqual([...foreign, "directory.json"].sort());
    expect(await house.aside()).toEqual([]);
  });

  test("nothing that was set aside is written over", async () => {
    await house.open();
    for (const count of [1, 2, 3]) {
      await house.put("a.json", { room: "general", count });
      await expect.poll(() => house.events("spool_refused").length, patience).toBe(count);
    }
    const long = `${"ü".repeat(120)}.json`;
    await house.put(long, { room: "general" });
    await expect.poll(() => house.events("spool_refused").length, patience).toBe(4);
    const aside = await house.aside();
    expect(aside.filter((name) => name.startsWith("a"))).toEqual(
      ["a.2", "a.3", "a"].flatMap((stem) => [`${stem}.json`, `${stem}.reason.txt`]),
    );
    expect(aside.filter((name) => name.startsWith("üü"))).toHaveLength(2);
    const third = await readFile(join(directory, "refused", "a.3.json"), "utf8");
    expect(JSON.parse(third)).toEqual({ room: "general", count: 3 });
  });

  test("a file that is still being written is not refused, and published when it is whole", async () => {
    await house.open();
    const path = join(directory, "a.json");
    const whole = JSON.stringify(inRoom("slowly"));
    const begun = performance.now();
    // Longer than an unfinished file is waited for, and never that long unchanged.
    let written = 1;
    await writeFile(path, whole.slice(0, written));
    while (performance.now() - begun < 6_500) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      written += 1;
      await writeFile(path, whole.slice(0, written));
      await house.put(`b${written}.json`, inRoom(`b${written}`, "passing"));
    }
    expect(await house.aside()).toEqual([]);
    expect(await house.waiting()).toContain("a.json");
    await writeFile(path, whole);
    await expect.poll(() => house.texts("general"), patience).toEqual(["slowly"]);
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.texts("passing")).toHaveLength(written - 1);
  });
});

describe("trouble", () => {
  test("[F-D1] while storage is away files stay, and are published once and in order when it is back", async () => {
    house.isAway = true;
    const door = await house.open();
    for (const index of range(300)) {
      const keyed = index % 3 === 0 ? { key_id: "k1" } : {};
      await house.put(numbered(index), { ...inRoom(`m${index}`), ...keyed });
    }
    await expect.poll(() => door.status().underWay, patience).toBe(64);
    expect(await house.waiting()).toHaveLength(300);
    house.isAway = false;
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.texts("general")).toEqual(range(300).map((index) => `m${index}`));
    expect(door.status()).toMatchObject({ published: 300, refused: 0 });
    expect(house.events("door_waits").length).toBeLessThanOrEqual(2);
  });

  test("[F-D2] what was stored without an answer is stored once", async () => {
    house.losesAnswers = true;
    await house.open();
    for (const index of range(5)) await house.put(numbered(index), inRoom(`m${index}`));
    await expect.poll(() => house.appends, patience).toBeGreaterThan(2);
    expect(await house.waiting()).toHaveLength(5);
    house.losesAnswers = false;
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.texts("general")).toEqual(range(5).map((index) => `m${index}`));
  });

  test("closing while storage is away ends at once and keeps the files for the next start", async () => {
    house.isAway = true;
    const door = await house.open();
    for (const index of range(100)) {
      await house.put(numbered(index), { ...inRoom(`m${index}`), key_id: "k1" });
    }
    await expect.poll(() => door.status().underWay, patience).toBe(64);
    await door.close();
    expect(door.status()).toEqual({ isOpen: false, published: 0, refused: 0, underWay: 0 });
    expect(await house.waiting()).toHaveLength(100);
    house.isAway = false;
    await house.open();
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.texts("general")).toEqual(range(100).map((index) => `m${index}`));
  });

  test("a file that may not be read is told once and tried again, and the others pass it", async () => {
    await asSomebody(async () => {
      await house.open();
      await house.put("a.json.not", inRoom("secret"));
      await chmod(join(directory, "a.json.not"), 0);
      await rename(join(directory, "a.json.not"), join(directory, "a.json"));
      await house.put("b.json", inRoom("good"));
      await expect.poll(() => house.texts("general"), patience).toEqual(["good"]);
      // Tried again meanwhile, at least once.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect(house.events("spool_file_trouble")).toMatchObject([
        { file: "a.json", error_code: "EACCES" },
      ]);
      await chmod(join(directory, "a.json"), 0o600);
      await expect.poll(() => house.texts("general"), patience).toEqual(["good", "secret"]);
      expect(await house.waiting()).toEqual([]);
    });
  });

  test("where nothing may be taken away, all is published once, and taken away when it may be", async () => {
    await asSomebody(async () => {
      house.isAway = true;
      await house.open();
      await chmod(join(directory, "refused"), 0o500);
      await house.put("a.json", inRoom("one"));
      await house.put("b.json", inRoom("no such room", "r_absent"));
      await house.put("c.json", inRoom("two"));
      await expect.poll(() => house.events("door_waits").length, patience).toBe(1);
      await chmod(directory, 0o500);
      house.isAway = false;
      await expect.poll(() => house.events("spool_file_trouble").length, patience).toBe(3);
      expect(await house.texts("general")).toEqual(["one", "two"]);
      expect(await house.waiting()).toHaveLength(3);
      await chmod(directory, 0o700);
      await chmod(join(directory, "refused"), 0o700);
      await expect.poll(() => house.waiting(), patience).toEqual([]);
      expect(await house.aside()).toEqual(["b.json", "b.reason.txt"]);
      expect(await house.texts("general")).toEqual(["one", "two"]);
      expect(house.events("spool_file_trouble")).toHaveLength(3);
    });
  });

  test("a process that may open no more files keeps the order and loses nothing", async () => {
    const count = 200;
    await mkdir(directory);
    for (const index of range(count)) await house.put(numbered(index), inRoom(`m${index}`));
    const child = spawn(
      "bash",
      ["-c", `ulimit -n 40; exec "$0" --input-type=module -e "$1" "$2" "$3"`].concat(
        process.execPath,
        narrowChild,
        directory,
        String(count),
      ),
      { cwd: join(import.meta.dirname, "../../../.."), stdio: ["ignore", "pipe", "inherit"] },
    );
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    await once(child, "exit");
    const said = JSON.parse(output) as { texts: string[]; events: string[]; left: string[] };
    expect(said.texts).toEqual(range(count).map((index) => `m${index}`));
    expect(said.left).toEqual(["refused"]);
    expect(said.events.filter((event) => event === "door_waits")).toHaveLength(1);
  });
});

describe("two nodes with one lease", () => {
  test("one of them takes files; when it closes, the other goes on", async () => {
    const shared = new SharedLease();
    const a = await house.open(shared.of("a", 600));
    await expect.poll(() => shared.holder, patience).toBe("a");
    const b = await house.open(shared.of("b", 600));
    for (const index of range(50)) await house.put(numbered(index), inRoom(`m${index}`));
    await expect.poll(() => a.status().published, patience).toBe(50);
    expect(b.status()).toMatchObject({ published: 0, isOpen: true });
    await a.close();
    for (const index of range(50)) await house.put(numbered(50 + index), inRoom(`m${50 + index}`));
    await expect.poll(() => b.status().published, patience).toBe(50);
    expect(shared.holder).toBe("b");
    expect(await house.texts("general")).toEqual(range(100).map((index) => `m${index}`));
  });

  test("one that cannot prolong it uses it to its end; what both handed in is stored once and in order", async () => {
    const shared = new SharedLease();
    const a = await house.open(shared.of("a", 600));
    await expect.poll(() => shared.holder, patience).toBe("a");
    const b = await house.open(shared.of("b", 600));
    house.isAway = true;
    for (const index of range(200)) await house.put(numbered(index), inRoom(`m${index}`));
    await expect.poll(() => a.status().underWay, patience).toBe(64);
    // It is gone for a while, as its database would have it.
    shared.refusing.add("a");
    shared.holder = undefined;
    await expect.poll(() => shared.holder, patience).toBe("b");
    await expect.poll(() => b.status().underWay, patience).toBe(64);
    await expect.poll(() => house.events("door_lease_failed").length, patience).toBe(1);
    house.isAway = false;
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.texts("general")).toEqual(range(200).map((index) => `m${index}`));
    await house.put(numbered(500), inRoom("last"));
    await expect.poll(async () => (await house.texts("general")).at(-1), patience).toBe("last");
    shared.refusing.clear();
  });

  test("one whose lease ends in the middle takes no more until it has it again", async () => {
    const shared = new SharedLease();
    const a = await house.open(shared.of("a", 300));
    await expect.poll(() => shared.holder, patience).toBe("a");
    house.isAway = true;
    for (const index of range(200)) await house.put(numbered(index), inRoom(`m${index}`));
    await expect.poll(() => a.status().underWay, patience).toBe(64);
    const answers = shared.answers;
    shared.holder = "somebody else";
    await expect.poll(() => shared.answers, patience).toBeGreaterThan(answers + 1);
    house.isAway = false;
    await expect.poll(() => a.status().underWay, patience).toBe(0);
    await house.put("0.json", inRoom("not yet"));
    await expect.poll(() => shared.answers, patience).toBeGreaterThan(answers + 8);
    expect(await house.texts("general")).toEqual(range(64).map((index) => `m${index}`));
    expect(await house.waiting()).toHaveLength(137);
    shared.holder = undefined;
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.texts("general")).toHaveLength(201);
  });

  test("many hand-overs under load: once, and in order", async () => {
    const shared = new SharedLease();
    await house.open(shared.of("a", 300));
    await house.open(shared.of("b", 300));
    for (const index of range(600)) {
      if (index % 60 === 0) {
        // Taken from whoever has it, in the middle of its work.
        shared.holder = shared.holder === "a" ? "b" : "a";
      }
      await house.put(numbered(index), inRoom(`m${index}`));
    }
    await expect.poll(() => house.waiting(), patience).toEqual([]);
    expect(await house.texts("general")).toEqual(range(600).map((index) => `m${index}`));
  });
});

/** What `root` may is no test of rights: for so long this process is somebody whom the files belong to. */
async function asSomebody(run: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (!isRoot) return run();
  await chown(join(directory, ".."), 65_534, 65_534);
  process.seteuid?.(65_534);
  try {
    await run();
  } finally {
    process.seteuid?.(0);
  }
}

/** Renames much faster than a directory is read. */
const quickWriter = `
const { renameSync, writeFileSync } = require("node:fs");
const [directory, count] = process.argv.slice(1);
const paths = Array.from({ length: Number(count) }, (_, index) =>
  directory + "/" + String(index).padStart(17, "0") + ".json");
for (const [index, path] of paths.entries()) {
  writeFileSync(path + ".tmp", JSON.stringify({ room: "general", text: "m" + index }));
}
for (const path of paths) renameSync(path + ".tmp", path);
`;

const narrowChild = `
import { readdir } from "node:fs/promises";
import { createMemoryBroker } from "@parlance/broker/memory";
import { createDoorway } from "@parlance/doors";
import { startNode } from "@parlance/testkit/harness";
import { createMemoryStore } from "@parlance/testkit/memory";
const { openSpoolDoor } = await import(process.cwd() + "/packages/doors/src/spool/index.ts");
const [directory, count] = process.argv.slice(1);
const store = createMemoryStore({ random: Math.random });
const { node } = await startNode({ ...store, broker: createMemoryBroker() });
const events = [];
const report = (_, event) => events.push(event);
const doorway = createDoorway({ node, name: "spool", service: "backend", report });
const lease = { take: async () => true, giveBack: async () => {}, lifeMs: 30_000 };
const door = await openSpoolDoor({ directory, doorway, lease, serviceOfKey: async () => {}, report });
while (door.status().published < Number(count)) await new Promise((done) => setTimeout(done, 20));
await door.close();
const texts = [];
for (;;) {
  const page = await store.log.read({ room: "general", after: texts.length, limit: 200 });
  if (!page?.events.length) break;
  for (const { frame } of page.events) texts.push(frame.data.text);
}
process.stdout.write(JSON.stringify({ texts, events, left: await readdir(directory) }));
process.exit(0);
`;
