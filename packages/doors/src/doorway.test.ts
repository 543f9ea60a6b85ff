import { type Node, StorageError } from "@parlance/core";
import { type ClientMessageId, ProtocolError, type Publication } from "@parlance/protocol";
import { expect, test, vi } from "vitest";
import { createDoorway, type Doorway } from "./doorway.ts";

const key = "k" as ClientMessageId;
const to = (room: string, text = "x"): Publication => ({ room, text }) as unknown as Publication;

/** A node whose answers the test gives. */
function doorwayOver(answer: (room: string, text: string, attempt: number) => Promise<unknown>): {
  readonly doorway: Doorway;
  readonly told: string[];
  readonly done: string[];
} {
  const attempts = new Map<string, number>();
  const told: string[] = [];
  const done: string[] = [];
  const execute = (async (_identity: unknown, { room, text }: { room: string; text: string }) => {
    const attempt = (attempts.get(`${room} ${text}`) ?? 0) + 1;
    attempts.set(`${room} ${text}`, attempt);
    await answer(room, text, attempt);
    done.push(`${room} ${text}`);
    return { room, sequence: done.length };
  }) as unknown as Node["execute"];
  const report = (_level: string, event: string): void => void told.push(event);
  return {
    doorway: createDoorway({ node: { execute }, name: "test", service: "backend", report }),
    told,
    done,
  };
}

test("what comes for one room is done in order, each after the one before; other rooms do not wait", async () => {
  const { doorway, done } = doorwayOver(async (room, _text, attempt) => {
    if (room === "slow" && attempt === 1) throw new ProtocolError("unavailable");
  });
  const verdicts = [to("slow", "1"), to("slow", "2"), to("quick", "1")].map((publication) =>
    doorway.publish(publication, key),
  );
  await verdicts[2];
  expect(done).toEqual(["quick 1"]);
  for (const verdict of await Promise.all(verdicts)) expect(verdict.outcome).toBe("published");
  expect(done).toEqual(["quick 1", "slow 1", "slow 2"]);
});

test("one for several rooms waits for each, and each waits for it", async () => {
  const { doorway, done } = doorwayOver(async (room, text, attempt) => {
    if (room === "a" && text === "1" && attempt === 1) throw new ProtocolError("unavailable");
  });
  const both = { rooms: ["a", "b"], text: "2" } as unknown as Publication;
  await Promise.all([to("a", "1"), both, to("b", "3")].map((one) => doorway.publish(one, key)));
  expect(done).toEqual(["a 1", "a 2", "b 2", "b 3"]);
});

test("[F-D1] what the server cannot do now is tried until it can, and told once", async () => {
  const { doorway, told } = doorwayOver(async (_room, _text, attempt) => {
    if (attempt === 1) throw new ProtocolError("unavailable");
    if (attempt === 2) throw new StorageError("away", "unknown");
  });
  expect(await doorway.publish(to("a"), key)).toMatchObject({ outcome: "published" });
  expect(told).toEqual(["door_waits"]);
  expect(doorway.underWay).toBe(0);
});

test("what is refused is told with the reason, and does not stand before others", async () => {
  const { doorway, done } = doorwayOver(async (_room, text) => {
    if (text === "bad") throw new ProtocolError("conflict");
  });
  const [bad, good] = await Promise.all([
    doorway.publish(to("a", "bad"), key),
    doorway.publish(to("a", "good"), key),
  ]);
  expect(bad).toMatchObject({ outcome: "refused", error: { code: "conflict" } });
  expect(good).toMatchObject({ outcome: "published" });
  expect(done).toEqual(["a good"]);
  const unnamed = await doorway.publish({ user: "a b", text: "x" } as unknown as Publication, key);
  expect(unnamed).toMatchObject({ outcome: "refused", error: { code: "bad_request" } });
});

test("what fails as a bug of the server is given up some time, so that others pass", async () => {
  vi.useFakeTimers();
  try {
    const { doorway } = doorwayOver(async () => {
      throw new ProtocolError("internal");
    });
    const verdict = doorway.publish(to("a"), key);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(await verdict).toMatchObject({ outcome: "refused", error: { code: "internal" } });
  } finally {
    vi.useRealTimers();
  }
});

test("one that is closed tries nothing any more, and says that nothing is known", async () => {
  const { doorway } = doorwayOver(async () => {
    throw new ProtocolError("unavailable");
  });
  const verdict = doorway.publish(to("a"), key);
  await doorway.close();
  expect(await verdict).toEqual({ outcome: "stopped" });
  expect(await doorway.publish(to("a"), key)).toEqual({ outcome: "stopped" });
});
