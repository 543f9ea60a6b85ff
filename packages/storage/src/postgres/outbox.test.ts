import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dropTables, freshPrefix, withPostgres } from "../../test/postgres-fixture.ts";
import type { Store } from "../store.ts";
import { openPostgres } from "./index.ts";

const look = { rows: 64, bytes: 1_000 };

describeWith("postgresql")("the outbox's function", () => {
  const prefix = freshPrefix();
  const role = `${prefix}app`;
  let store: Store;

  beforeAll(async () => {
    store = await openPostgres({ url: serviceUrl("postgresql"), prefix, connections: 4 });
    await withPostgres(async (client) => {
      await client.query(`CREATE ROLE "${role}"`);
      await client.query(`GRANT INSERT, SELECT (number) ON "${prefix}outbox" TO "${role}"`);
    });
  });
  afterAll(async () => {
    await store.close();
    await dropTables(prefix);
    await withPostgres((client) => client.query(`DROP ROLE "${role}"`));
  });

  test("writes a row and gives its number, also to a role that may do nothing else, on another path", async () => {
    const numbers = await withPostgres(async (client) => {
      await client.query(`SET ROLE "${role}"`);
      await client.query("SET search_path = pg_catalog");
      const call = async (rest: string): Promise<number> => {
        const found = await client.query<{ number: string }>(
          `SELECT public."${prefix}publish"('{"room": "r1", "text": "語🦊"}'${rest}) AS number`,
        );
        return Number(found.rows[0]?.number);
      };
      return [await call(""), await call(", idempotency_key => 'mine', service => 'shop'")];
    });
    const rows = await store.outbox.waiting(look);
    expect(rows.map(({ number }) => number)).toEqual(numbers);
    expect(JSON.parse(rows[0]?.publication ?? "")).toEqual({ room: "r1", text: "語🦊" });
    expect(rows[0]?.key).toMatch(/^[0-9a-f-]{36}$/);
    expect(rows[1]).toMatchObject({ key: "mine", service: "shop" });
    await store.outbox.done(rows);
  });

  test("refuses what is not JSON in the application's own statement", async () => {
    const refusal = withPostgres((client) =>
      client.query(`SELECT "${prefix}publish"($1)`, ["not JSON"]),
    );
    await expect(refusal).rejects.toThrow("invalid input syntax for type json");
    expect(await store.outbox.waiting(look)).toEqual([]);
  });

  test("has no way in for a role that was not let in", async () => {
    const stranger = withPostgres(async (client) => {
      await client.query("SET ROLE pg_read_all_stats");
      await client.query(`SELECT "${prefix}publish"('{}')`);
    });
    await expect(stranger).rejects.toThrow("permission denied");
  });
});
