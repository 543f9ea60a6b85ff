import type { FileStore } from "@parlance/core";
import type { FileId } from "@parlance/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** An empty store, and how to end it. */
export interface FileStoreHarness {
  readonly store: FileStore;
  close(): Promise<void>;
}

const id = (text: string): FileId => text as FileId;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Everything that a finished file, or a range of it, has; undefined if it is not there. */
export async function contentOf(
  store: FileStore,
  file: string,
  range?: { readonly first: number; readonly last: number },
): Promise<string | undefined> {
  const content = await store.read(id(file), range);
  if (content === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of content.stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** What every `FileStore` promises. */
export function describeFileStore(name: string, start: () => Promise<FileStoreHarness>): void {
  describe(`${name}: files`, () => {
    let harness: FileStoreHarness;
    beforeEach(async () => {
      harness = await start();
    });
    afterEach(() => harness.close());

    async function begun(file: string, bytes: number) {
      const upload = await harness.store.begin(id(file), bytes);
      if (upload === "full") throw new Error("full");
      return upload;
    }

    test("[U4] a file is there once it is finished, and not a moment before", async () => {
      const upload = await begun("a1", 11);
      expect(await contentOf(harness.store, "a1")).toBeUndefined();
      expect(await upload.write(base64("hello "))).toBe("written");
      expect(await upload.write(base64("world"))).toBe("written");
      expect(await contentOf(harness.store, "a1")).toBeUndefined();
      expect(await upload.finish()).toBe(
        "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
      );
      expect(await contentOf(harness.store, "a1")).toBe("hello world");
      const content = await harness.store.read(id("a1"));
      expect(content?.bytes).toBe(11);
      content?.close();
    });

    test("a range is given with both its ends", async () => {
      const upload = await begun("a2", 10);
      await upload.write(base64("0123456789"));
      await upload.finish();
      expect(await contentOf(harness.store, "a2", { first: 0, last: 0 })).toBe("0");
      expect(await contentOf(harness.store, "a2", { first: 3, last: 6 })).toBe("3456");
      expect(await contentOf(harness.store, "a2", { first: 9, last: 9 })).toBe("9");
    });

    test("what was aborted or removed is gone, and removing what is not there is fine", async () => {
      const dropped = await begun("b1", 4);
      await dropped.write(base64("drop"));
      await dropped.abort();
      const finished = await begun("b2", 4);
      await finished.write(base64("drop"));
      await finished.finish();
      await finished.abort();
      const kept = await begun("b3", 4);
      await kept.write(base64("keep"));
      await kept.finish();
      await harness.store.remove(id("b3"));
      await harness.store.remove(id("b4"));
      for (const file of ["b1", "b2", "b3", "b4"]) {
        expect(await contentOf(harness.store, file)).toBeUndefined();
      }
    });

    test("[U4] [U8] what was aborted gives its room back", async () => {
      for (let round = 0; round < 5; round += 1) {
        const upload = await begun(`c${round}`, 1_000);
        await upload.abort();
      }
    });

    test("many files at a time keep their bytes apart", async () => {
      const names = Array.from({ length: 20 }, (_, index) => `d${index}`);
      await Promise.all(
        names.map(async (name) => {
          const upload = await begun(name, name.length * 3);
          for (let piece = 0; piece < 3; piece += 1) await upload.write(base64(name));
          await upload.finish();
        }),
      );
      for (const name of names) {
        expect(await contentOf(harness.store, name)).toBe(name.repeat(3));
      }
    });

    test("a reader that has begun keeps what it reads when the file is removed", async () => {
      const upload = await begun("e1", 3);
      await upload.write(base64("abc"));
      await upload.finish();
      const content = await harness.store.read(id("e1"));
      await harness.store.remove(id("e1"));
      const pieces: Uint8Array[] = [];
      for await (const piece of content?.stream ?? []) pieces.push(piece);
      expect(Buffer.concat(pieces).toString()).toBe("abc");
      content?.close();
    });
  });
}
