import type { FileBounds, NewFile } from "@parlance/core";
import type { FileId, Sequence } from "@parlance/protocol";
import { describe, expect, test } from "vitest";
import {
  type Choice,
  message,
  publicRoom,
  roomId,
  type StartStore,
  someTime,
  stored,
  userId,
  useStore,
} from "./harness.ts";

const plenty: FileBounds = { quotaBytes: 1_000, uploads: 100 };
const sha256 = "ab".repeat(32);

function file(id: string, choice: Partial<NewFile> & { room?: NewFile["room"] } = {}): NewFile {
  return {
    file: id as FileId,
    room: roomId("r1"),
    owner: userId("u1"),
    name: `${id}.txt`,
    bytes: 100,
    mediaType: "text/plain",
    createdAt: someTime,
    ...choice,
  };
}

function shared(id: string, choice: Choice = {}) {
  const data = {
    file_id: id as FileId,
    name: `${id}.txt`,
    bytes: 100,
    media_type: "text/plain",
    sha256,
    author_name: "Ada",
  };
  return { ...message("", choice), event: { type: "file.shared", data } } as const;
}

function deleted(id: string, choice: Choice = {}) {
  const data = { file_id: id as FileId };
  return { ...message("", choice), event: { type: "file.deleted", data } } as const;
}

/** What every `FileIndex` promises, together with the `RoomLog` that makes its files visible. */
export function describeFileIndex(name: string, start: StartStore): void {
  describe(`${name}: index of files`, () => {
    const use = useStore(start);

    async function share(id: string): Promise<Sequence> {
      expect(await use().files.begin(file(id), plenty)).toBe("begun");
      return stored(await use().log.append(shared(id, { time: someTime + 5 }))).sequence;
    }

    test("[U4] a file is there from its event on, with the event's place and time", async () => {
      const { log, files } = use();
      await log.open(roomId("r1"), publicRoom);
      await files.begin(file("f1"), plenty);
      expect(await files.file("f1" as FileId)).toBeUndefined();
      expect((await files.files(roomId("r1"), undefined, 10)).files).toEqual([]);
      const place = stored(await log.append(shared("f1", { time: someTime + 5 })));
      const found = {
        ...file("f1"),
        createdAt: someTime + 5,
        sequence: place.sequence,
        sha256,
      };
      expect(await files.file("f1" as FileId)).toEqual({ file: found, revision: place.revision });
      expect((await files.files(roomId("r1"), undefined, 10)).files).toEqual([found]);
    });

    test("file events are not counted as messages and change nobody's rights", async () => {
      const { log, files } = use();
      await log.open(roomId("r1"), publicRoom);
      await files.begin(file("f1"), plenty);
      const before = stored(await log.append(message("hello")));
      for (const append of [shared("f1"), deleted("f1")]) {
        const { revision, countable } = stored(await log.append(append));
        expect({ revision, countable }).toEqual({
          revision: before.revision,
          countable: before.countable,
        });
      }
    });

    test("an event whose upload is gone is not stored, nor is anything of it", async () => {
      const { log, files } = use();
      await log.open(roomId("r1"), publicRoom);
      await expect(log.append(shared("f9"))).rejects.toMatchObject({ effect: "none" });
      await files.begin(file("f1"), plenty);
      expect(await files.expire(someTime + 1)).toEqual(["f1"]);
      await expect(log.append(shared("f1"))).rejects.toMatchObject({ effect: "none" });
      expect((await log.open(roomId("r1")))?.head).toBe(0);
      // Others in the same batch are not harmed.
      const [bad, good] = await Promise.allSettled([
        log.append(shared("f9")),
        log.append(message("fine")),
      ]);
      expect([bad?.status, good?.status]).toEqual(["rejected", "fulfilled"]);
    });

    test("[U8] a quota holds exactly, uploads under way included", async () => {
      const { files } = use();
      const bounds = { quotaBytes: 1_000, uploads: 1_000 };
      const begun = await Promise.all(
        Array.from({ length: 50 }, (_, index) => files.begin(file(`f${index}`), bounds)),
      );
      expect(begun.filter((outcome) => outcome === "begun")).toHaveLength(10);
      expect(begun.filter((outcome) => outcome === "over_quota")).toHaveLength(40);
      expect(await files.usedBytes(userId("u1"))).toBe(1_000);
      expect(await files.begin(file("g1", { owner: userId("u2") }), bounds)).toBe("begun");
      await files.forget(`f${begun.indexOf("begun")}` as FileId);
      expect(await files.begin(file("g2", { bytes: 101 }), bounds)).toBe("over_quota");
      expect(await files.begin(file("g3", { bytes: 99 }), bounds)).toBe("begun");
      expect(await files.begin(file("g4", { bytes: 1 }), bounds)).toBe("begun");
      expect(await files.usedBytes(userId("u1"))).toBe(1_000);
    });

    test("[U8] one user's uploads at a time are bounded; those that are shared do not count", async () => {
      const { log, files } = use();
      await log.open(roomId("r1"), publicRoom);
      const bounds = { quotaBytes: 10_000, uploads: 2 };
      expect(await files.begin(file("f1"), bounds)).toBe("begun");
      expect(await files.begin(file("f2"), bounds)).toBe("begun");
      expect(await files.begin(file("f3"), bounds)).toBe("too_many");
      await log.append(shared("f1"));
      expect(await files.begin(file("f3"), bounds)).toBe("begun");
    });

    test("[U6] a deleted file is gone, its payload erased, and the chain still holds", async () => {
      const { log, files } = use();
      await log.open(roomId("r1"), publicRoom);
      const sequence = await share("f1");
      const before = await log.proof(roomId("r1"), 1, sequence);
      stored(await log.append(deleted("f1")));
      expect(await files.file("f1" as FileId)).toBeUndefined();
      expect((await files.files(roomId("r1"), undefined, 10)).files).toEqual([]);
      expect(await files.usedBytes(userId("u1"))).toBe(0);
      const page = await log.read({ room: roomId("r1"), after: 0, limit: 10 });
      expect(page?.events[0]?.frame).toMatchObject({ type: "file.shared", erased: true });
      expect(JSON.stringify(page)).not.toContain("f1.txt");
      const after = await log.proof(roomId("r1"), 1, sequence);
      expect(after?.hashAfter).toBe(before?.hashAfter);
      expect(after?.commitments[0]).toEqual({
        commitment: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      // A second event, as from two at once, erases nothing else.
      stored(await log.append(deleted("f1")));
    });

    test("another room's event does not delete a file", async () => {
      const { log, files } = use();
      await log.open(roomId("r1"), publicRoom);
      await log.open(roomId("r2"), publicRoom);
      await share("f1");
      stored(await log.append(deleted("f1", { room: "r2" })));
      expect((await files.file("f1" as FileId))?.file.name).toBe("f1.txt");
    });

    test("what expires is told until it is forgotten, and shared files never are", async () => {
      const { log, files } = use();
      await log.open(roomId("r1"), publicRoom);
      await share("f1");
      await share("f2");
      await files.begin(file("f3", { createdAt: someTime + 10 }), plenty);
      await files.begin(file("f4", { createdAt: someTime + 20 }), plenty);
      await log.append(deleted("f2"));
      expect([...(await files.expire(someTime + 15))].sort()).toEqual(["f2", "f3"]);
      for (const id of ["f1", "f2", "f3"]) await files.forget(id as FileId);
      expect(await files.expire(someTime + 15)).toEqual([]);
      expect((await files.file("f1" as FileId))?.file.name).toBe("f1.txt");
      expect(await files.usedBytes(userId("u1"))).toBe(200);
    });

    test("files are listed newest first, a page at a time, and are still there after a restart", async () => {
      const { log } = use();
      await log.open(roomId("r1"), publicRoom);
      for (const id of ["f1", "f2", "f3"]) await share(id);
      await use().reopen();
      const { files } = use();
      const names = async (before: Sequence | undefined, limit: number): Promise<string[]> =>
        (await files.files(roomId("r1"), before, limit)).files.map(({ name: given }) => given);
      expect(await names(undefined, 2)).toEqual(["f3.txt", "f2.txt"]);
      expect(await names(2, 2)).toEqual(["f1.txt"]);
      expect(await names(1, 2)).toEqual([]);
    });
  });
}
