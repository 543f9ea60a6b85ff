import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, statfs, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileStore } from "@parlance/core";
import type { FileId } from "@parlance/protocol";
import { contentOf, describeFileStore } from "@parlance/testkit/contracts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFileDirectory } from "./index.ts";

describeFileStore("directory", async () => {
  const directory = await mkdtemp(join(tmpdir(), "files-"));
  const store = await openFileDirectory({ directory });
  return {
    store,
    close: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("files in a real directory", () => {
  let directory: string;
  let store: FileStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "files-"));
    store = await openFileDirectory({ directory });
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  const parts = (): Promise<string[]> => readdir(join(directory, "parts"));
  const wholes = async (): Promise<string[]> =>
    (await readdir(directory)).filter((name) => name !== "parts");

  async function finished(id: string, text: string): Promise<void> {
    const upload = await store.begin(id as FileId, text.length);
    if (upload === "full") throw new Error("full");
    await upload.write(base64(text));
    await upload.finish();
  }

  test("[U1] only ids become paths, whatever is asked for", async () => {
    for (const id of ["../x", "..", "a/b", "a\0b", "", "parts", ".x", "x".repeat(65), "C:x"]) {
      for (const call of [
        () => store.begin(id as FileId, 1),
        () => store.read(id as FileId),
        () => store.remove(id as FileId),
      ]) {
        await expect(call(), id).rejects.toMatchObject({ name: "StorageError", effect: "none" });
      }
    }
    expect(await wholes()).toEqual([]);
  });

  test("only this user may look into what lies there", async () => {
    await finished("a1", "secret");
    expect((await stat(join(directory, "a1"))).mode & 0o077).toBe(0);
    expect((await stat(join(directory, "parts"))).mode & 0o077).toBe(0);
  });

  test("[U4] a process killed between two pieces leaves nothing to be seen, and the sweep takes the rest", async () => {
    await finished("whole", "whole");
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "crash-child.ts"), directory, "cut"],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    const next = await openFileDirectory({ directory });
    expect(await contentOf(next, "cut")).toBeUndefined();
    expect(await parts()).toEqual(["cut"]);
    await next.sweep(Date.now() - 3_600_000);
    expect(await parts()).toEqual(["cut"]);
    const old = new Date(Date.now() - 3_601_000);
    await utimes(join(directory, "parts", "cut"), old, old);
    await next.sweep(Date.now() - 3_600_000);
    expect(await parts()).toEqual([]);
    expect(await contentOf(next, "whole")).toBe("whole");
  });

  test("the sweep leaves an upload that goes on, however old its file is", async () => {
    const upload = await store.begin("slow" as FileId, 4);
    if (upload === "full") throw new Error("full");
    await upload.write(base64("sl"));
    const old = new Date(0);
    await utimes(join(directory, "parts", "slow"), old, old);
    await store.sweep(Date.now());
    await upload.write(base64("ow"));
    await upload.finish();
    expect(await contentOf(store, "slow")).toBe("slow");
  });

  test("[U8] the disk's last bytes are not promised twice", async () => {
    const { bavail, bsize } = await statfs(directory);
    const free = bavail * bsize;
    const narrow = await openFileDirectory({ directory, keepFreeBytes: 0 });
    const each = Math.floor(free * 0.3);
    const begun = await Promise.all(
      Array.from({ length: 20 }, (_, index) => narrow.begin(`p${index}` as FileId, each)),
    );
    const open = begun.filter((upload) => upload !== "full");
    // What others write to this disk meanwhile may cost one.
    expect(open.length).toBeLessThanOrEqual(3);
    expect(open.length).toBeGreaterThanOrEqual(1);
    for (const upload of open) await upload.abort();
    expect(await parts()).toEqual([]);
    const later = await narrow.begin("later" as FileId, each);
    expect(later).not.toBe("full");
    await narrow.close();
    expect(await parts()).toEqual([]);
  });

  test("[U8] room for the database is kept", async () => {
    const strict = await openFileDirectory({ directory, keepFreeBytes: Number.MAX_SAFE_INTEGER });
    expect(await strict.begin("a1" as FileId, 1)).toBe("full");
    expect(await parts()).toEqual([]);
  });

  test("closing ends what is under way and leaves nothing of it", async () => {
    await finished("kept", "kept");
    const upload = await store.begin("cut" as FileId, 8);
    if (upload === "full") throw new Error("full");
    await upload.write(base64("half"));
    await store.close();
    expect(await parts()).toEqual([]);
    expect(await wholes()).toEqual(["kept"]);
    await expect(upload.write(base64("more"))).rejects.toMatchObject({ name: "StorageError" });
    await expect(upload.finish()).rejects.toMatchObject({ name: "StorageError" });
  });

  test("an id is used once", async () => {
    const upload = await store.begin("a1" as FileId, 1);
    if (upload === "full") throw new Error("full");
    await expect(store.begin("a1" as FileId, 1)).rejects.toMatchObject({ name: "StorageError" });
    const other = await openFileDirectory({ directory });
    await expect(other.begin("a1" as FileId, 1)).rejects.toMatchObject({ name: "StorageError" });
    await upload.write(base64("x"));
    await upload.finish();
    expect(await contentOf(store, "a1")).toBe("x");
  });

  test("a reader that goes in the middle lets go of the file", async () => {
    await finished("a1", "x".repeat(1_000_000));
    for (let reader = 0; reader < 50; reader += 1) {
      const content = await store.read("a1" as FileId);
      if (content === undefined) throw new Error("not there");
      if (reader % 2 === 0) for await (const _ of content.stream) break;
      content.close();
    }
    await expect
      .poll(async () => {
        const open = await readdir("/proc/self/fd").catch(() => []);
        return open.length < 60;
      })
      .toBe(true);
  });
});
