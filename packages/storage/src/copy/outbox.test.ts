/** What waits in an outbox goes along with a copy, under its key; leases stay. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { publicRoom, roomId } from "@parlance/testkit/contracts";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { afterAll, expect, test } from "vitest";
import { dropMysqlTables } from "../../test/mysql-fixture.ts";
import { mysqlApplication, postgresApplication, put } from "../../test/outbox-applications.ts";
import { dropTables, freshPrefix, withPostgres } from "../../test/postgres-fixture.ts";
import { openMysql } from "../mysql/index.ts";
import { openPostgres } from "../postgres/index.ts";
import { openSqlite } from "../sqlite/index.ts";
import { writeBackup } from "./backup.ts";
import { Move } from "./move.ts";
import { type CopyAddress, openCopyEnd } from "./open.ts";
import { restoreBackup } from "./restore.ts";
import { switchableStore } from "./switchable-store.ts";

const look = { rows: 64, bytes: 1_000 };
const longMs = 600_000;

describeWith("postgresql", "mariadb")("the outbox in a copy", () => {
  const prefix = freshPrefix();
  const role = `${prefix}app`;
  const directory = mkdtempSync(join(tmpdir(), "outbox-copy-"));
  const postgres: CopyAddress = { engine: "postgres", url: serviceUrl("postgresql"), prefix };
  const mysql: CopyAddress = { engine: "mysql", url: serviceUrl("mariadb"), prefix };

  afterAll(async () => {
    await dropTables(prefix);
    await dropMysqlTables(prefix);
    await withPostgres((client) => client.query(`DROP ROLE IF EXISTS "${role}"`));
    rmSync(directory, { recursive: true, force: true });
  });

  test("[I-4] goes along with its keys in a move, and then takes nothing more at the old place", async () => {
    const store = switchableStore(
      await openPostgres({ url: serviceUrl("postgresql"), prefix, connections: 4 }),
    );
    const { outbox } = store;
    await withPostgres(async (client) => {
      await client.query(`CREATE ROLE "${role}"`);
      await client.query(`GRANT INSERT ON "${prefix}outbox" TO "${role}"`);
    });
    const there = await postgresApplication(prefix);
    // No more than an application needs: also while its rows are noted for the move.
    await there.run(`SET ROLE "${role}"`);
    for (const text of ["one", "two", "bad"]) await put(there, text);
    const [one, , bad] = await outbox.waiting(look);
    if (one === undefined || bad === undefined) throw new Error("no rows");
    await outbox.refuse(bad, "not_found");
    expect(await store.directory.takeLease("l", "a", longMs)).toBe(true);

    let isWriting = true;
    let isMoved = false;
    const written: string[] = [];
    const writing = (async () => {
      for (let n = 0; isWriting; n += 1) {
        try {
          await put(there, `during ${n}`);
          written.push(`during ${n}`);
          await pause(2);
        } catch (error) {
          expect(String(error)).toContain("the install was moved");
          isMoved = true;
          return;
        }
      }
    })();
    const move = new Move({
      source: await openCopyEnd(postgres),
      target: await openCopyEnd(mysql),
      store,
      to: "the new one",
      report: () => undefined,
    });
    await move.check();
    const before = await outbox.waiting(look);
    await move.run();
    expect(move.state).toMatchObject({ phase: "done" });
    await writing;
    isWriting = false;
    expect(isMoved).toBe(true);
    expect(written.length).toBeGreaterThan(0);

    // The same object, which now asks the new database.
    const after = await outbox.waiting({ ...look, rows: 100_000 });
    expect(after.map(({ publication }) => publication)).toEqual(["one", "two", ...written]);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    await outbox.done([one]);
    const here = await mysqlApplication(prefix);
    await put(here, "new");
    const last = (await outbox.waiting({ ...look, rows: 100_000 })).slice(-1);
    expect(last.map(({ publication }) => publication)).toEqual(["new"]);
    await outbox.done(after.slice(2));
    expect(
      await here.run("SELECT publication, reason FROM outbox WHERE reason IS NOT NULL"),
    ).toEqual([{ publication: "bad", reason: "not_found" }]);
    expect(await store.directory.takeLease("l", "b", longMs)).toBe(true);
    await Promise.all([there.close(), here.close()]);
    await store.close();
  }, 60_000);

  test("[I-4] is in a backup, and a restore into a file brings it to where applications write there", async () => {
    const store = await openMysql({ url: serviceUrl("mariadb"), prefix, connections: 4 });
    await store.log.open(roomId("r1"), publicRoom);
    const before = await store.outbox.waiting(look);
    expect(before.map(({ publication }) => publication)).toEqual(["two", "new"]);
    await store.close();
    const source = await openCopyEnd(mysql);
    const backup = join(directory, "backup");
    await writeBackup({ source, to: backup, program: "test", now: 0 });
    await source.close();

    const options = { from: backup, replace: true, ignoreConnections: true };
    const place = join(directory, "restored");
    await restoreBackup({ ...options, to: { engine: "sqlite", directory: place } });
    let restored = await openSqlite({ directory: place, readers: 1 });
    const found = await restored.outbox.waiting(look);
    expect(found.map(({ publication, key }) => [publication, key])).toEqual(
      before.map(({ publication, key }) => [publication, key]),
    );
    await restored.outbox.done(found.slice(0, 1));
    await restored.close();
    restored = await openSqlite({ directory: place, readers: 1 });
    expect(await restored.outbox.waiting(look)).toEqual(found.slice(1));
    await restored.close();

    await restoreBackup({ ...options, to: mysql });
    const again = await openMysql({ url: serviceUrl("mariadb"), prefix, connections: 4 });
    expect(await again.outbox.waiting(look)).toEqual(before);
    await again.close();
  }, 60_000);
});
