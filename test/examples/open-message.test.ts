/** Open messages of back ends in three languages, while the server is killed: what is closed is whole, to the byte. */
import { createPublisher } from "@parlance/publisher";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requires } from "../requirements.ts";
import { Caller, libraries } from "./languages.ts";
import { Scene } from "./scene.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const words = ["plain ", "漢字 ", "👩‍🚀 ", "é\u0301 ", 'quo"te\\ ', "\n\t", "𝔘 "];
const pieces = Array.from({ length: 300 }, (_, n) => `${n}${words[n % words.length] ?? ""}`);
const whole = `Begin. ${pieces.join("")}`;

let scene: Scene;
let key: string;
let reader: string;
beforeAll(async () => {
  scene = await Scene.start();
  key = await scene.key("publish");
  reader = await scene.key("read", "rooms");
}, 120_000);
afterAll(() => scene?.close());

interface View {
  readonly id: string;
  readonly text: string;
  readonly open?: true;
  readonly closed?: string;
}

async function views(room: string): Promise<readonly View[]> {
  const url = `${scene.server.url}/api/v1/rooms/${room}/message-list`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${reader}` } });
  return response.ok ? ((await response.json()) as { messages: View[] }).messages : [];
}

async function cancel(room: string): Promise<void> {
  const [view] = await views(room);
  const url = `${scene.server.url}/api/v1/rooms/${room}/messages/${view?.id}/cancel`;
  const headers = { authorization: `Bearer ${reader}` };
  expect((await fetch(url, { method: "POST", headers })).status).toBe(200);
}

/** Appends all pieces, slowly, and kills the server in the middle. */
async function appendAll(append: (piece: string) => unknown): Promise<void> {
  let killing: Promise<void> | undefined;
  for (const [n, piece] of pieces.entries()) {
    await append(piece);
    await pause(5);
    if (n !== 150) continue;
    killing = scene.server.kill().then(() => scene.server.start());
    killing.catch(() => {});
  }
  await killing;
}

describe("[OPEN-2] [OPEN-3] an open message of a back end", () => {
  test("in Node is byte-identical through a kill -9, and its signal tells that it was cancelled", {
    timeout: 120_000,
  }, async () => {
    const publisher = createPublisher({ url: scene.server.url, key, timeoutMs: 10_000 });
    const message = publisher.openMessage({ room: "open-node" }, { text: "Begin. " });
    await appendAll((piece) => message.append(piece));
    expect(await message.close()).toBe("done");
    expect(await views("open-node")).toMatchObject([{ text: whole, closed: "done" }]);
    const other = publisher.openMessage({ room: "open-node-2" });
    other.append("x");
    await expect
      .poll(() => views("open-node-2"), { timeout: 20_000 })
      .toMatchObject([{ text: "x", open: true }]);
    await cancel("open-node-2");
    expect(other.signal.aborted).toBe(false);
    other.append("y");
    await expect.poll(() => other.signal.aborted, { timeout: 20_000 }).toBe(true);
    expect(await other.close()).toBe("ended_elsewhere");
    expect(await views("open-node-2")).toMatchObject([{ text: "x", closed: "cancelled" }]);
    const refused = createPublisher({ url: scene.server.url, key: reader }).openMessage({
      room: "r",
    });
    await expect(refused.close()).rejects.toMatchObject({ code: "forbidden", outcome: "refused" });
    expect(() => createPublisher({ spoolDirectory: "/tmp" }).openMessage({ room: "r" })).toThrow(
      TypeError,
    );
  });

  for (const library of libraries) {
    const [interpreter] = library;
    requires(interpreter)(
      `in ${interpreter} is byte-identical through a kill -9, and an append tells that it was cancelled`,
      async () => {
        const room = `open-${interpreter}`;
        const caller = new Caller(library, scene.environment(key));
        expect(await caller.call("open", { room }, "Begin. ")).toEqual({ ok: null });
        await appendAll(async (piece) => {
          expect(await caller.call("append", piece)).toEqual({ ok: true });
        });
        expect(await caller.call("close")).toEqual({ ok: true });
        expect(await views(room)).toMatchObject([{ text: whole, closed: "done" }]);
        await caller.call("open", { room: `${room}-2` }, "x");
        await cancel(`${room}-2`);
        expect(await caller.call("append", "y")).toEqual({ ok: false });
        expect(await caller.call("close")).toEqual({ ok: false });
        expect(await views(`${room}-2`)).toMatchObject([{ text: "x", closed: "cancelled" }]);
        await caller.close();
      },
      120_000,
    );
  }
});
