import { StorageError } from "@parlance/core";
import {
  message,
  publicRoom,
  roomId,
  someTime,
  stored,
  textsOf,
  userId,
} from "@parlance/testkit/contracts";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import type { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { afterEach, beforeEach, expect, test } from "vitest";
import { engines, proxied } from "../../test/engines.ts";
import { freshPrefix, withPostgres } from "../../test/postgres-fixture.ts";
import type { Store } from "../store.ts";

/** The `effect` of a refused write. */
async function effectOf(write: Promise<unknown>): Promise<string> {
  try {
    await write;
    return "done";
  } catch (error) {
    if (error instanceof StorageError) return error.effect;
    throw error;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Sends until it is stored, as a client does: the same key each time. A test that ran out of time closes its store: a loop that
 * went on then, with nothing to wait for, would hold the process for ever.
 */
async function persist(store: Store, text: string, room = "r1"): Promise<number> {
  for (;;) {
    try {
      return stored(await store.log.append(message(text, { room, key: text }))).sequence;
    } catch (error) {
      if (!(error instanceof StorageError) || error.message === "the store is closed") throw error;
      await pause(1);
    }
  }
}

for (const engine of engines) {
  describeWith(engine.service)(`${engine.service}: faults`, () => {
    let proxy: TcpProxy;
    let url: string;
    let prefix: string;
    let store: Store;
    const others: Store[] = [];

    beforeEach(async () => {
      ({ proxy, url } = await proxied(engine.service));
      prefix = freshPrefix();
      store = await engine.open(url, prefix);
      await store.log.open(roomId("r1"), publicRoom);
    });
    afterEach(async () => {
      await proxy.pass();
      for (const one of [store, ...others.splice(0)]) await one.close();
      await proxy.close();
      await engine.drop(prefix);
    });

    test("[F-D1] a database that is away refuses writes as surely not done, and comes back by itself", async () => {
      await persist(store, "before");
      await proxy.refuse();
      const begun = performance.now();
      expect(await effectOf(store.log.append(message("away", { key: "k" })))).toBe("none");
      await expect(store.log.read({ room: roomId("r1"), limit: 1 })).rejects.toThrow(StorageError);
      expect(performance.now() - begun).toBeLessThan(8_000);
      await proxy.pass();
      await persist(store, "after");
      expect(await textsOf(store.log, "r1")).toEqual(["before", "after"]);
    });

    test("[F-D1] one that is silent is not waited for: the write may have been done, and its key finds out", async () => {
      await persist(store, "before");
      proxy.blackHole();
      const writes = ["one", "two"].map((text) => store.log.append(message(text, { key: text })));
      expect(await Promise.all(writes.map(effectOf))).toEqual(["unknown", "unknown"]);
      // What comes while that one is under way has surely not begun.
      expect(await effectOf(store.log.append(message("three", { key: "three" })))).toBe("none");
      await proxy.pass();
      for (const text of ["one", "two", "three"]) await persist(store, text);
      expect((await textsOf(store.log, "r1")).sort()).toEqual(["before", "one", "three", "two"]);
    });

    test("[F-D2] lines that are cut at any moment, in a commit too, lose nothing and store nothing twice", async () => {
      const second = await engine.open(url, prefix);
      others.push(second);
      const texts = Array.from({ length: 300 }, (_, n) => `text ${n}`);
      let isDone = false;
      const cutting = (async () => {
        let cuts = 0;
        while (!isDone || cuts < 10) {
          // Further and further apart: on a slow machine, too, something gets through between two of them.
          await pause(20 + (cuts % 7) * 9 + cuts * 5);
          proxy.cut();
          cuts += 1;
        }
      })();
      try {
        await Promise.all(
          [0, 1, 2, 3, 4, 5].map(async (writer) => {
            for (let n = writer; n < texts.length; n += 6) {
              await persist(writer % 2 === 0 ? store : second, texts[n] ?? "");
            }
          }),
        );
      } finally {
        isDone = true;
        await cutting;
      }
      const found = await textsOf(store.log, "r1");
      expect([...found].sort()).toEqual([...texts].sort());
      expect((await store.log.heads([roomId("r1")])).get(roomId("r1"))?.head).toBe(texts.length);
    }, 90_000);

    test("[F-D6] two nodes that write into the same rooms in every order leave no hole and fail nobody", async () => {
      const second = await engine.open(url, prefix);
      others.push(second);
      const rooms = Array.from({ length: 12 }, (_, n) => `room-${n}`);
      for (const room of rooms) await store.log.open(roomId(room), publicRoom);
      const sends = Array.from({ length: 1_200 }, (_, n) => ({
        text: `text ${n}`,
        room: rooms[(n * 7 + (n >> 3)) % rooms.length] ?? "",
      }));
      const results = await Promise.all(
        sends.map(({ text, room }, n) =>
          (n % 2 === 0 ? store : second).log.append(message(text, { room, key: text })),
        ),
      );
      expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(["stored"]));
      for (const room of rooms) {
        const texts = sends.filter((send) => send.room === room).map(({ text }) => text);
        expect((await textsOf(store.log, room)).sort()).toEqual(texts.sort());
        const places = results.flatMap((one, n) =>
          sends[n]?.room === room ? [stored(one).sequence] : [],
        );
        expect(places.sort((a, b) => a - b)).toEqual(places.map((_, n) => n + 1));
      }
    });

    test("[F-D6] a row that somebody keeps to themselves for a while is waited for", async () => {
      await engine.outside(async (run) => {
        for (const statement of engine.lockRoom(prefix, "r1")) await run(statement);
        const write = store.log.append(message("patient", { key: "k" }));
        await pause(1_200);
        await run("COMMIT");
        expect((await write).outcome).toBe("stored");
      });
    });

    test("[F-N5] a node that fell silent inside a transaction does not hold its rooms for ever", async () => {
      const second = await engine.open(serviceUrl(engine.service), prefix);
      others.push(second);
      let write: Promise<string> | undefined;
      await engine.outside(async (run) => {
        for (const statement of engine.lockTable(prefix, "events")) await run(statement);
        write = effectOf(store.log.append(message("silent", { key: "silent" })));
        // By then it has its room and waits for the table.
        await pause(300);
        proxy.blackHole();
        await run(engine.unlock);
      });
      expect(await write).toBe("unknown");
      expect(await effectOf(second.log.append(message("too early")))).not.toBe("done");
      await persist(second, "other node");
      expect(await textsOf(second.log, "r1")).toContain("other node");
      await proxy.pass();
      await persist(store, "silent");
      const found = await textsOf(second.log, "r1");
      expect(found.filter((text) => text === "silent")).toHaveLength(1);
    });

    test("[F-D7] reads that take all connections for themselves do not stand before a send", async () => {
      await engine.outside(async (run) => {
        for (const statement of engine.lockTable(prefix, "places")) await run(statement);
        let isRead = false;
        const reads = Promise.allSettled(
          Array.from({ length: 40 }, () => store.directory.places(userId("u"), "d" as never)),
        ).then(() => {
          isRead = true;
        });
        await pause(200);
        expect((await store.log.append(message("through"))).outcome).toBe("stored");
        expect(isRead).toBe(false);
        await run(engine.unlock);
        await reads;
      });
    });

    test("[F-D7] pages that take all the time they want leave connections for what a send has to look up", async () => {
      await engine.outside(async (run) => {
        for (const statement of engine.lockTable(prefix, "events")) await run(statement);
        let isRead = false;
        const query = { room: roomId("r1"), limit: 5 };
        const reads = Promise.allSettled(
          Array.from({ length: 40 }, () => store.log.read(query)),
        ).then(() => {
          isRead = true;
        });
        await pause(200);
        expect((await store.log.open(roomId("r1")))?.room).toBe("r1");
        expect(await store.directory.member(roomId("r1"), userId("nobody"))).toBeUndefined();
        expect(isRead).toBe(false);
        await run(engine.unlock);
        await reads;
      });
    });

    test("nodes that start at once on an empty database make one install", async () => {
      const fresh = freshPrefix();
      const stores = await Promise.all([1, 2, 3].map(() => engine.open(url, fresh)));
      try {
        expect(new Set(stores.map(({ installId }) => installId)).size).toBe(1);
        const [one, two, three] = stores;
        await one?.log.open(roomId("r1"), publicRoom);
        await two?.log.append(message("a", { key: "same" }));
        const again = stored(
          (await three?.log.append(message("a", { key: "same" }))) ?? { outcome: "absent" },
        );
        expect(again).toMatchObject({ sequence: 1, repeated: true });
      } finally {
        for (const one of stores) await one.close();
        await engine.drop(fresh);
      }
    });

    test("two installs in one database know nothing of each other", async () => {
      const other = freshPrefix();
      const neighbour = await engine.open(url, other);
      try {
        await neighbour.directory.createUser({
          id: userId("u9"),
          kind: "account",
          name: "Ada",
          username: "ada",
          createdAt: someTime,
        });
        expect(neighbour.installId).not.toBe(store.installId);
        expect(await neighbour.log.open(roomId("r1"))).toBeUndefined();
        expect(await store.directory.userByUsername("ada")).toBeUndefined();
      } finally {
        await neighbour.close();
        await engine.drop(other);
      }
    });

    test("a database of a newer program is used where that says so, and refused where not", async () => {
      const quote = engine.service === "mariadb" ? "`" : '"';
      const table = `${quote}${prefix}migrations${quote}`;
      await engine.outside((run) => run(`INSERT INTO ${table} (version, needs) VALUES (90, 1)`));
      await (await engine.open(url, prefix)).close();
      await engine.outside((run) => run(`UPDATE ${table} SET needs = 89 WHERE version = 90`));
      await expect(engine.open(url, prefix)).rejects.toThrow("schema version 90");
    });
  });
}

describeWith("postgresql")("postgresql: plans", () => {
  test("[P10] no append reads a whole table, also where the statement was planned when that was small", async () => {
    const prefix = freshPrefix();
    const store = await engines[0]?.open(serviceUrl("postgresql"), prefix);
    if (store === undefined) throw new Error("no store");
    await store.log.open(roomId("r1"), publicRoom);
    const counts = (): Promise<{ scans: number; rows: number }> =>
      withPostgres(async (client) => {
        const found = await client.query<{ scans: string; rows: string }>(
          `SELECT sum(seq_scan) AS scans, sum(n_tup_ins) AS rows FROM pg_stat_user_tables
           WHERE relname = ANY($1)`,
          [["events", "messages", "rooms", "read_marks"].map((table) => `${prefix}${table}`)],
        );
        return { scans: Number(found.rows[0]?.scans), rows: Number(found.rows[0]?.rows) };
      });
    await persist(store, "first");
    await expect.poll(async () => (await counts()).rows, { timeout: 15_000 }).toBe(3);
    const before = await counts();
    for (let n = 0; n < 60; n += 1) await persist(store, `text ${n}`);
    await expect.poll(async () => (await counts()).rows, { timeout: 15_000 }).toBe(123);
    expect((await counts()).scans).toBe(before.scans);
    await store.close();
    await engines[0]?.drop(prefix);
  });
});

describeWith("postgresql")("postgresql: durability", () => {
  test("a session that would not wait for the disk is told to the operator", async () => {
    const prefix = freshPrefix();
    const url = new URL(serviceUrl("postgresql"));
    const sound = await engines[0]?.open(url.href, prefix);
    expect(sound?.weaknesses).toEqual([]);
    await sound?.close();
    url.searchParams.set("options", "-c synchronous_commit=off");
    const weak = await engines[0]?.open(url.href, prefix);
    expect(weak?.weaknesses).toEqual([expect.stringContaining("synchronous_commit is off")]);
    await weak?.close();
    await engines[0]?.drop(prefix);
  });

  test("[F-D2] a line that is cut while the commit is under way: the answer is unknown, the key resolves it", async () => {
    const prefix = freshPrefix();
    const { proxy, url } = await proxied("postgresql");
    const store = await engines[0]?.open(url, prefix);
    if (store === undefined) throw new Error("no store");
    await store.log.open(roomId("r1"), publicRoom);
    // The commit itself takes a while, so that the cut meets it.
    await withPostgres((client) =>
      client.query(`
        CREATE FUNCTION "${prefix}nap"() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER nap AFTER INSERT ON "${prefix}events"
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "${prefix}nap"()`),
    );
    const write = effectOf(store.log.append(message("once", { key: "k" })));
    const napping = async (): Promise<number> => {
      const found = await withPostgres((client) =>
        client.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"),
      );
      return found.rows.length;
    };
    await expect.poll(napping, { interval: 20 }).toBeGreaterThan(0);
    proxy.cut();
    expect(await write).toBe("unknown");
    const again = stored(await store.log.append(message("once", { key: "k" })));
    expect(again).toMatchObject({ sequence: 1, repeated: true });
    await store.close();
    await proxy.close();
    await engines[0]?.drop(prefix);
  });
});
