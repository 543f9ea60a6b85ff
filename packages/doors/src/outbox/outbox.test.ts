/** The outbox's door over real databases, filled by an application over its own driver. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createMemoryBroker } from "@parlance/broker/memory";
import { type Append, type Outbox, type OutboxRow, StorageError } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import type { Store } from "@parlance/storage";
import { openMysql } from "@parlance/storage/mysql";
import { openPostgres } from "@parlance/storage/postgres";
import { openSqlite } from "@parlance/storage/sqlite";
import { startNode } from "@parlance/testkit/harness";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Door } from "../door.ts";
import { createDoorway } from "../doorway.ts";
import { createLease } from "../lease.ts";
import { maxPublicationBytes } from "../read.ts";
import { openOutboxDoor } from "./index.ts";

const patience = { timeout: 20_000, interval: 20 };
type Records = readonly Readonly<Record<string, unknown>>[];

/** Statements have `?` for values, and `outbox` for the table. */
interface Application {
  run(sql: string, ...values: (string | null)[]): Promise<Records>;
  close(): Promise<void>;
}

interface Database {
  /** @param port Of a proxy before it. */
  open(port?: number): Promise<Store>;
  connect(): Promise<Application>;
  drop(): Promise<void>;
}

async function postgres(): Promise<Database> {
  const prefix = `d${Math.random().toString(36).slice(2, 10)}_`;
  const url = serviceUrl("postgresql");
  const connect = async (): Promise<Application> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return {
      run: async (sql, ...values) => {
        let place = 0;
        const text = sql
          .replace(/\boutbox\b/g, `"${prefix}outbox"`)
          .replace(/\?/g, () => `$${(place += 1)}`);
        return (await client.query<Record<string, unknown>>(text, values)).rows;
      },
      close: () => client.end(),
    };
  };
  return {
    open: (port) => openPostgres({ url: through(url, port), prefix, connections: 4 }),
    connect,
    drop: async () => {
      const application = await connect();
      const tables = await application.run(
        "SELECT tablename AS name FROM pg_tables WHERE starts_with(tablename, ?)",
        prefix,
      );
      for (const { name } of tables) await application.run(`DROP TABLE "${String(name)}" CASCADE`);
      await application.close();
    },
  };
}

async function mysql(): Promise<Database> {
  const prefix = `d${Math.random().toString(36).slice(2, 10)}_`;
  const url = serviceUrl("mariadb");
  const connect = async (): Promise<Application> => {
    const client = await createConnection({ uri: url });
    return {
      run: async (sql, ...values) => {
        const text = sql.replace(/\boutbox\b/g, `\`${prefix}outbox\``);
        const [rows] = await client.query(text, values);
        return Array.isArray(rows) ? (rows as Records) : [];
      },
      close: () => client.end(),
    };
  };
  return {
    open: (port) => openMysql({ url: through(url, port), prefix, connections: 4 }),
    connect,
    drop: async () => {
      const application = await connect();
      const tables = await application.run(
        `SELECT table_name AS name FROM information_schema.tables
         WHERE table_schema = database() AND left(table_name, ${prefix.length}) = ?`,
        prefix,
      );
      for (const { name } of tables) await application.run(`DROP TABLE \`${String(name)}\``);
      await application.close();
    },
  };
}

async function sqlite(): Promise<Database> {
  const directory = await mkdtemp(join(tmpdir(), "parlance-outbox-door-"));
  return {
    open: () => openSqlite({ directory, readers: 1 }),
    connect: async () => {
      const database = new DatabaseSync(join(directory, "outbox.sqlite"), { timeout: 5_000 });
      return {
        run: async (sql, ...values) => database.prepare(sql).all(...values),
        close: async () => database.close(),
      };
    },
    drop: () => rm(directory, { recursive: true }),
  };
}

function through(url: string, port: number | undefined): string {
  const address = new URL(url);
  if (port !== undefined) address.port = String(port);
  return address.href;
}

const engines = [
  { name: "sqlite", services: [], begin: sqlite, isShared: false },
  { name: "postgres", services: ["postgresql"], begin: postgres, isShared: true },
  { name: "mysql", services: ["mariadb"], begin: mysql, isShared: true },
] as const;

/** One node with its door, as long as it lives. */
interface House {
  readonly door: Door;
  readonly store: Store;
  readonly lines: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> }[];
  /** The most appends that were under way at once. */
  readonly mostAtOnce: () => number;
  readonly looks: () => number;
  /** The process dies: what it was about to do does not happen, and it gives nothing back. */
  kill(): Promise<void>;
}

for (const { name, services, begin, isShared } of engines) {
  describeWith(...services)(`outbox door: ${name}`, () => {
    let database: Database;
    let application: Application;
    let store: Store;
    const houses: House[] = [];
    const ends: (() => Promise<void>)[] = [];

    beforeEach(async () => {
      database = await begin();
      store = await database.open();
      ends.push(
        () => database.drop(),
        () => store.close(),
      );
      await store.outbox.waiting({ rows: 1, bytes: 1 });
      application = await database.connect();
      ends.push(() => application.close());
      await Promise.all(["r1", "r2"].map(makeRoom));
    });
    afterEach(async () => {
      for (const { door } of houses.splice(0)) await door.close();
      for (const end of ends.splice(0).reverse()) await end();
    });

    const makeRoom = (room: string) =>
      store.log.open(room as RoomId, { kind: "public", title: room, createdAt: 1 });

    async function open(holder = "node-1", of = store, lifeMs = 10_000): Promise<House> {
      let [atOnce, most, looks] = [0, 0, 0];
      let isDead = false;
      const dead = (): Promise<never> => Promise.reject(new StorageError("dead", "unknown"));
      const log = {
        ...of.log,
        append: async (append: Append) => {
          atOnce += 1;
          most = Math.max(most, atOnce);
          try {
            return await of.log.append(append);
          } finally {
            atOnce -= 1;
          }
        },
      };
      const { node } = await startNode({ ...of, log, broker: createMemoryBroker() });
      const lines: House["lines"] = [];
      const report = (_: string, event: string, fields: Readonly<Record<string, unknown>>): void =>
        void lines.push({ event, fields });
      const outbox: Outbox = {
        waiting: (look) => {
          looks += 1;
          return isDead ? dead() : of.outbox.waiting(look);
        },
        done: (rows) => (isDead && rows.length > 0 ? dead() : of.outbox.done(rows)),
        refuse: (row, reason) => (isDead ? dead() : of.outbox.refuse(row, reason)),
      };
      const lease = createLease(of.directory, "door:outbox", holder, lifeMs);
      const door = openOutboxDoor({
        outbox: () => outbox,
        doorway: createDoorway({ node, name: "outbox", service: "backend", report }),
        lease: { ...lease, giveBack: async () => (isDead ? undefined : lease.giveBack()) },
        report,
        lookMs: 20,
      });
      const kill = async (): Promise<void> => {
        isDead = true;
        await door.close();
      };
      const house = { door, store: of, lines, mostAtOnce: () => most, looks: () => looks, kill };
      houses.push(house);
      return house;
    }

    async function put(publication: unknown, more: Record<string, string> = {}): Promise<void> {
      const text = typeof publication === "string" ? publication : JSON.stringify(publication);
      const names = ["publication", ...Object.keys(more)];
      await application.run(
        `INSERT INTO outbox (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
        text,
        ...Object.values(more),
      );
    }

    const messages = async (room = "r1"): Promise<{ text: string; author: string }[]> => {
      const found: { text: string; author: string }[] = [];
      for (;;) {
        const query = { room: room as RoomId, after: found.length, limit: 200 };
        const page = await store.log.read(query);
        if (page === undefined || page.events.length === 0) return found;
        for (const { frame } of page.events) {
          if (frame.type !== "message.created" || !("data" in frame)) throw new Error(frame.type);
          found.push({ text: frame.data.text, author: String(frame.author) });
        }
      }
    };
    const texts = async (room = "r1"): Promise<string[]> =>
      (await messages(room)).map(({ text }) => text);
    const rows = (): Promise<Records> => application.run("SELECT * FROM outbox ORDER BY number");
    const isEmpty = () => expect.poll(async () => (await rows()).length, patience).toBe(0);

    test("publishes what an application wrote, in its order, and takes it out of the table", async () => {
      await put({ room: "r1", text: "one 語🦊" });
      await put({ room: "r1", data: { title: "two" } }, { service: "shop" });
      const { door } = await open();
      await isEmpty();
      await put({ rooms: ["r1", "r2"], text: "three" });
      await isEmpty();
      expect(await messages()).toEqual([
        { text: "one 語🦊", author: "service:backend" },
        { text: "two", author: "service:shop" },
        { text: "three", author: "service:backend" },
      ]);
      expect(await texts("r2")).toEqual(["three"]);
      expect(door.status()).toEqual({ isOpen: true, published: 3, refused: 0, underWay: 0 });
    });

    test("publishes nothing of a transaction that is rolled back, and all of one that is committed", async () => {
      await open();
      await application.run("BEGIN");
      await put({ room: "r1", text: "gone" });
      await put({ room: "r1", text: "gone too" });
      await application.run("ROLLBACK");
      await application.run("BEGIN");
      for (const text of ["one", "two", "three"]) await put({ room: "r1", text });
      await application.run("COMMIT");
      await isEmpty();
      expect(await texts()).toEqual(["one", "two", "three"]);
    });

    test("[I-4] [F-N2] publishes once what was published and not deleted when the process was killed", async () => {
      const first = await open("node-1", store, 200);
      const all = Array.from({ length: 100 }, (_, n) => `text ${n}`);
      await application.run("BEGIN");
      for (const text of all) await put({ room: "r1", text });
      await put({ room: "r1", text: "own key" }, { idempotency_key: "mine" });
      await application.run("COMMIT");
      // In the middle of it.
      await expect
        .poll(async () => (await texts()).length, { ...patience, interval: 1 })
        .not.toBe(0);
      await first.kill();
      const left = (await rows()).length;
      expect(left).toBeGreaterThan(0);
      const before = (await texts()).length;
      expect(before + left).toBeGreaterThan(101);
      await open("node-2", store, 200);
      await isEmpty();
      await put({ room: "r1", text: "own key" }, { idempotency_key: "mine" });
      await isEmpty();
      expect(await texts()).toEqual([...all, "own key"]);
    });

    test("what is wrong stays with its reason, is met once, and holds up nothing", async () => {
      const secret = "a-secret-text";
      const house = await open();
      const bad: [unknown, Record<string, string>, RegExp][] = [
        ["", {}, /^bad_request rule=not JSON in UTF-8/],
        [`{"room":"r1","text":"${secret}`, {}, /^bad_request rule=not JSON in UTF-8/],
        ['["r1"]', {}, /^bad_request rule=not a JSON object/],
        [{ text: secret }, {}, /^bad_request .*exactly one of room/],
        [{ room: "no such room", text: secret }, {}, /^bad_request field=room/],
        [{ room: "r1", text: secret }, { idempotency_key: "mine" }, /^conflict room=r1 /],
        [{ room: "r1", text: "x".repeat(maxPublicationBytes) }, {}, /^too_large limit=/],
        [{ room: "r1", text: secret }, { idempotency_key: "a b" }, /field=idempotency_key/],
        [
          { room: "r1", text: secret },
          { idempotency_key: "k".repeat(70) },
          /field=idempotency_key/,
        ],
        [{ room: "r1", text: secret }, { service: "a\nb" }, /field=service/],
        [{ room: "r1", text: secret }, { service: "" }, /field=service/],
      ];
      for (const [n, [publication, more]] of bad.entries()) {
        const key = n === 0 ? { idempotency_key: "mine" } : {};
        await put({ room: "r1", text: `good ${n}` }, key);
        await put(publication, more);
      }
      await put({ room: "r1", text: "last" });
      const kept = async (): Promise<Records> =>
        (await rows()).filter(({ refused_at: at }) => at !== null);
      await expect.poll(async () => (await kept()).length, patience).toBe(bad.length);
      await expect.poll(async () => (await rows()).length, patience).toBe(bad.length);
      expect(await texts()).toEqual([...bad.map((_, n) => `good ${n}`), "last"]);
      for (const [n, row] of (await kept()).entries()) {
        expect(String(row["reason"])).toMatch(bad[n]?.[2] ?? /never/);
      }
      const looked = house.looks();
      await expect.poll(() => house.looks(), patience).toBeGreaterThan(looked + 3);
      expect(house.door.status()).toMatchObject({ published: 12, refused: bad.length });
      const told = house.lines.filter(({ event }) => event === "door_refused");
      const untold = told.map(({ fields }) => Number(fields["untold"]));
      expect(told.length + untold.reduce((sum, more) => sum + more, 0)).toBe(bad.length);
      expect(JSON.stringify(house.lines)).not.toContain(secret);
      // Whoever corrects it lets it in.
      await application.run(
        "UPDATE outbox SET publication = ?, refused_at = NULL, reason = NULL WHERE publication = '[\"r1\"]'",
        '{"room":"r1","text":"corrected"}',
      );
      await expect.poll(() => texts(), patience).toContain("corrected");
    });

    test("[I-9] two thousand rows come in their order for each room, each once, with at most 64 under way", async () => {
      const rooms = Array.from({ length: 100 }, (_, n) => `many-${n}`);
      await Promise.all(rooms.map(makeRoom));
      const all = Array.from({ length: 2_000 }, (_, n) => ({
        room: `many-${n % 100}`,
        text: `${n}`,
      }));
      const house = await open();
      for (let start = 0; start < all.length; start += 250) {
        await application.run("BEGIN");
        for (const publication of all.slice(start, start + 250)) await put(publication);
        await application.run("COMMIT");
      }
      await isEmpty();
      for (const room of rooms) {
        const wanted = all.filter((one) => one.room === room).map(({ text }) => text);
        expect(await texts(room)).toEqual(wanted);
      }
      await expect
        .poll(() => house.door.status(), patience)
        .toMatchObject({ published: 2_000, refused: 0, underWay: 0 });
      expect(house.mostAtOnce()).toBeLessThanOrEqual(64);
    });

    test("one node looks; when it stops another does at once, and when it dies, as soon as its lease is over", async () => {
      const lifeMs = 600;
      const first = await open("node-1", store, lifeMs);
      await put({ room: "r1", text: "one" });
      await isEmpty();
      const second = await open("node-2", store, lifeMs);
      const looked = first.looks();
      await expect.poll(() => first.looks(), patience).toBeGreaterThan(looked + 20);
      expect([second.looks(), second.door.status().isOpen]).toEqual([0, true]);
      await first.door.close();
      await put({ room: "r1", text: "two" });
      await isEmpty();
      const third = await open("node-3", store, lifeMs);
      await second.kill();
      await put({ room: "r1", text: "three" });
      await isEmpty();
      // Counted once the row is known to be gone.
      await expect.poll(() => third.door.status().published, patience).toBe(1);
      expect(await texts()).toEqual(["one", "two", "three"]);
    });

    if (!isShared) return;

    test("loses nothing of two transactions that are committed in the other order than they began", async () => {
      await open();
      const other = await database.connect();
      ends.push(() => other.close());
      await application.run("BEGIN");
      await put({ room: "r1", text: "first written" });
      await other.run(
        "INSERT INTO outbox (publication) VALUES (?)",
        JSON.stringify({ room: "r1", text: "first committed" }),
      );
      await expect.poll(() => texts(), patience).toEqual(["first committed"]);
      await application.run("COMMIT");
      await isEmpty();
      expect(await texts()).toEqual(["first committed", "first written"]);
    });

    test("[F-D1] [F-D2] a database that is away, silent or cut off for a while costs nothing and doubles nothing", async () => {
      const address = new URL(serviceUrl(name === "postgres" ? "postgresql" : "mariadb"));
      const proxy = await TcpProxy.open({ host: address.hostname, port: Number(address.port) });
      const far = await database.open(proxy.port);
      const house = await open("node-1", far, 2_000);
      ends.push(async () => {
        await proxy.pass();
        await far.close();
        await proxy.close();
      });
      const all: string[] = [];
      const write = async (count: number): Promise<void> => {
        for (let n = 0; n < count; n += 1) {
          all.push(`text ${all.length}`);
          await put({ room: "r1", text: all.at(-1) });
        }
      };
      await write(20);
      await isEmpty();
      await proxy.refuse();
      await write(20);
      await expect.poll(() => house.door.status().isOpen, patience).toBe(false);
      await proxy.pass();
      for (let cuts = 0; cuts < 12; cuts += 1) {
        await write(10);
        proxy.cut();
      }
      await write(10);
      await isEmpty();
      await write(5);
      proxy.blackHole();
      await write(5);
      await expect.poll(() => house.door.status().isOpen, patience).toBe(false);
      await proxy.pass();
      await isEmpty();
      expect(house.door.status().isOpen).toBe(true);
      expect(await texts()).toEqual(all);
      const told = house.lines.filter(({ event }) => event === "door_waits");
      expect(told.length).toBeGreaterThan(0);
      expect(told.length).toBeLessThan(40);
    }, 60_000);
  });
}

test("[F-D1] a row that was published is not published again while it cannot be deleted", async () => {
  const row: OutboxRow = { number: 1, key: "k", publication: '{"room":"r1","text":"one"}' };
  let [published, deletions, isGone, looks] = [0, 0, false, 0];
  const outbox: Outbox = {
    waiting: async () => {
      looks += 1;
      return isGone ? [] : [row];
    },
    done: async (rows) => {
      if (rows.length === 0) return;
      deletions += 1;
      if (deletions < 4) throw new StorageError("lost", "unknown");
      isGone = true;
    },
    refuse: async () => {},
  };
  const door = openOutboxDoor({
    outbox: () => outbox,
    doorway: {
      underWay: 0,
      publish: async () => {
        published += 1;
        return { outcome: "published", results: [] };
      },
      close: async () => {},
    },
    lease: { lifeMs: 10_000, take: async () => true, giveBack: async () => {} },
    report: () => {},
    lookMs: 5,
  });
  await expect.poll(() => isGone, patience).toBe(true);
  const looked = looks;
  await expect.poll(() => looks, patience).toBeGreaterThan(looked);
  expect([published, deletions, door.status().published]).toEqual([1, 4, 1]);
  await door.close();
});

test("takes at most 64 rows that get no verdict, and closing leaves them where they are", async () => {
  const all = Array.from({ length: 200 }, (_, n) => ({
    number: n + 1,
    key: `k${n}`,
    publication: '{"room":"r1","text":"one"}',
  }));
  const taken: string[] = [];
  const stops: (() => void)[] = [];
  let looks = 0;
  const changed: unknown[] = [];
  const outbox: Outbox = {
    waiting: async ({ rows }) => {
      looks += 1;
      return all.slice(0, rows);
    },
    done: async (rows) => void changed.push(...rows),
    refuse: async (row) => void changed.push(row),
  };
  const door = openOutboxDoor({
    outbox: () => outbox,
    doorway: {
      underWay: 0,
      publish: (_, key) => {
        taken.push(key);
        return new Promise((resolve) => stops.push(() => resolve({ outcome: "stopped" })));
      },
      close: async () => {
        for (const stop of stops) stop();
      },
    },
    lease: { lifeMs: 10_000, take: async () => true, giveBack: async () => {} },
    report: () => {},
    lookMs: 5,
  });
  await expect.poll(() => looks, patience).toBeGreaterThan(5);
  expect(taken).toEqual(all.slice(0, 64).map(({ key }) => key));
  expect(door.status()).toMatchObject({ isOpen: true, underWay: 64 });
  await door.close();
  expect([changed, taken.length, door.status().isOpen]).toEqual([[], 64, false]);
});

test("without a table the door is not open, and is when there is one", async () => {
  const place: { outbox?: Outbox } = {};
  const door = openOutboxDoor({
    outbox: () => place.outbox,
    doorway: {
      underWay: 0,
      publish: async () => ({ outcome: "stopped" }),
      close: async () => {},
    },
    lease: { lifeMs: 10_000, take: async () => true, giveBack: async () => {} },
    report: () => {},
    lookMs: 5,
  });
  await expect.poll(() => door.status().isOpen, patience).toBe(false);
  place.outbox = { waiting: async () => [], done: async () => {}, refuse: async () => {} };
  await expect.poll(() => door.status().isOpen, patience).toBe(true);
  await door.close();
});
