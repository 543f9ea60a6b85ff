import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeDirectory, NewerSchemaError, openSqlite, readSchema } from "./index.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "parlance-schema-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function install(): Promise<void> {
  await (await openSqlite({ directory })).close();
}

function setVersion(sql: string): void {
  const database = new DatabaseSync(join(directory, "parlance.db"));
  database.exec(sql);
  database.close();
}

describe("looking at the schema", () => {
  test("leaves an empty directory empty, and an absent one absent", () => {
    const absent = join(directory, "absent");
    expect(readSchema(directory)).toEqual({ known: expect.any(Number), inUse: false });
    expect(readSchema(absent)).toEqual({ known: expect.any(Number), inUse: false });
    expect(readdirSync(directory)).toEqual([]);
    expect(existsSync(absent)).toBe(false);
  });

  test("tells the version, also while the store is open, and leaves no file behind", async () => {
    const store = await openSqlite({ directory });
    const { version, known, inUse } = readSchema(directory);
    expect([version, inUse]).toEqual([known, true]);
    await store.close();
    const files = readdirSync(directory);
    expect(readSchema(directory)).toEqual({ version: known, known, inUse: false });
    expect(readdirSync(directory)).toEqual(files);
  });

  test("tells an older and a newer one apart, and a newer one is not opened", async () => {
    await install();
    setVersion("DELETE FROM migrations");
    expect(readSchema(directory)).toMatchObject({ version: 0 });
    setVersion("INSERT INTO migrations (version) VALUES (999)");
    const { known } = readSchema(directory);
    expect(readSchema(directory)).toMatchObject({ version: 999 });
    const error = await openSqlite({ directory }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NewerSchemaError);
    expect(error).toMatchObject({ version: 999, known, effect: "none" });
  });

  test("a file that is no database is an error, not a fresh install", async () => {
    await writeFile(join(directory, "parlance.db"), "not a database ".repeat(100));
    expect(() => readSchema(directory)).toThrow(/not a database/);
  });
});

describe("making the directory", () => {
  test("makes those above it, and is content with one that is there", async () => {
    const path = join(directory, "a/b/c");
    await Promise.all([makeDirectory(path), makeDirectory(path)]);
    await makeDirectory(path);
    expect(existsSync(path)).toBe(true);
  });

  test("ends with an error where a file is in the way", async () => {
    await writeFile(join(directory, "file"), "");
    await expect(makeDirectory(join(directory, "file/data"))).rejects.toThrow(/ENOTDIR/);
  });

  test.runIf(existsSync("/proc/self"))(
    "ends with an error where the file system denies being able to hold it",
    async () => {
      await expect(makeDirectory("/proc/nope")).rejects.toThrow(/ENOENT/);
      await expect(makeDirectory("/proc/nope/data")).rejects.toThrow(/ENOENT/);
    },
  );
});
