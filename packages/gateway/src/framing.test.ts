/** A small RFC 6455 suite, byte by byte. */
import { limits } from "@parlance/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { EchoServer } from "../test/echo-server.ts";
import { startEchoServer } from "../test/echo-server.ts";
import type { FrameToSend } from "../test/raw-peer.ts";
import { closePayload, frame, RawPeer, until } from "../test/raw-peer.ts";

let server: EchoServer;

beforeAll(async () => {
  server = await startEchoServer();
});
afterEach(() => server.expectUnharmed());
afterAll(() => server.close());

/** Sends frames on a connection of their own; returns the Close code that answers them. */
async function closeCodeFor(...frames: (FrameToSend | Buffer)[]): Promise<number | undefined> {
  const peer = await RawPeer.open(server.port);
  const seen = server.newest();
  for (const next of frames) peer.send(Buffer.isBuffer(next) ? next : frame(next));
  await peer.closed();
  await until(() => seen.closedWith !== undefined, "the node being told");
  expect(peer.rest.length).toBe(0);
  expect(seen.closedWith).toBe(peer.closeCode());
  expect(seen.received).toEqual([]);
  return peer.closeCode();
}

describe("a broken frame ends the connection with the code that RFC 6455 names", () => {
  test.each([0x40, 0x20, 0x10, 0x70])("[T12] [I-27] reserved bits %d", async (rsv) => {
    expect(await closeCodeFor({ rsv, payload: "a" })).toBe(1002);
  });

  test.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])("[T12] [I-27] opcode %d", async (opcode) => {
    expect(await closeCodeFor({ opcode })).toBe(1002);
  });

  test("[T12] [I-27] an unmasked frame", async () => {
    expect(await closeCodeFor({ masked: false, payload: "a" })).toBe(1002);
  });

  test.each([8, 9, 10])("[T13] [I-27] control frame %d, fragmented or too long", async (opcode) => {
    expect(await closeCodeFor({ opcode, fin: false })).toBe(1002);
    expect(await closeCodeFor({ opcode, payload: closePayload(1000, "a".repeat(124)) })).toBe(1002);
  });

  test("[T14] [I-27] a continuation of nothing, and a message inside another", async () => {
    expect(await closeCodeFor({ opcode: 0, payload: "a" })).toBe(1002);
    expect(await closeCodeFor({ fin: false, payload: "a" }, { payload: "b" })).toBe(1002);
    expect(await closeCodeFor({ fin: false, payload: "a" }, { opcode: 2 })).toBe(1002);
  });

  test.each([
    "80",
    "bf",
    "c0af",
    "c1bf",
    "e080af",
    "e28228",
    "eda080",
    "edbfbf",
    "f08080af",
    "f4908080",
    "f5808080",
    "fe",
    "ff",
    "cebae1bdb9cf83cebc",
  ])(
    "[T15] [I-27] invalid UTF-8 %s: whole, in fragments, in the reason of a Close",
    async (hex) => {
      const bytes = Buffer.from(hex === "cebae1bdb9cf83cebc" ? `${hex}eda0` : hex, "hex");
      expect(await closeCodeFor({ payload: bytes })).toBe(1007);
      expect(
        await closeCodeFor(
          { fin: false, payload: bytes.subarray(0, 1) },
          { opcode: 0, payload: bytes.subarray(1) },
        ),
      ).toBe(1007);
      expect(await closeCodeFor({ opcode: 8, payload: closePayload(1000, bytes) })).toBe(1007);
    },
  );

  test.each([2n ** 62n, 2n ** 53n + 1n, 2n ** 31n - 1n, BigInt(limits.frameBytes + 1)])(
    "[T16] a frame that says it has %d bytes, before they arrive",
    async (declaredLength) => {
      const before = process.memoryUsage().rss;
      expect(await closeCodeFor({ declaredLength, payload: "a" })).toBe(1009);
      expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
    },
  );

  test("[T16] too much in fragments that are small enough", async () => {
    const half = "a".repeat(limits.frameBytes / 2 + 1);
    const pieces = [
      { fin: false, payload: half },
      { opcode: 0, payload: half },
    ];
    expect(await closeCodeFor(...pieces)).toBe(1009);
  });

  test("[T17] 300,000 fragments of one byte", async () => {
    const first = frame({ fin: false, payload: "a" });
    const more = frame({ fin: false, opcode: 0, payload: "a" });
    const all = Buffer.concat([first, ...Array.from({ length: 300_000 }, () => more)]);
    expect(await closeCodeFor(all)).toBe(1008);
    expect(await closeCodeFor(all.subarray(0, 1_025 * first.length))).toBe(1008);
  });

  test("[T17] 1,024 fragments are a message still", async () => {
    const peer = await RawPeer.open(server.port);
    peer.send(frame({ fin: false, payload: "a" }));
    for (let sent = 2; sent < 1_024; sent++) {
      peer.send(frame({ fin: false, opcode: 0, payload: "a" }));
    }
    peer.send(frame({ opcode: 0, payload: "a" }));
    await until(() => peer.texts().length === 1, "the echo");
    expect(peer.texts()).toEqual([`echo ${"a".repeat(1_024)}`]);
    peer.socket.destroy();
  });

  test.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])(
    "[T21] [I-27] a Close with the code %d",
    async (code) => {
      expect(await closeCodeFor({ opcode: 8, payload: closePayload(code) })).toBe(1002);
    },
  );

  test("[T21] [I-27] a Close of one byte", async () => {
    expect(await closeCodeFor({ opcode: 8, payload: "a" })).toBe(1002);
  });

  test("[J9] a binary frame", async () => {
    for (const payload of ["a", ""]) {
      const peer = await RawPeer.open(server.port);
      const seen = server.newest();
      peer.send(frame({ opcode: 2, payload }));
      peer.text("too late");
      await until(() => peer.closeCode() === 1003, "the Close");
      peer.send(frame({ opcode: 8, payload: closePayload(1003) }));
      await peer.closed();
      await until(() => seen.closedWith === 1003, "the node being told");
      expect(seen.received).toEqual([]);
    }
  });
});

describe("what is valid is taken", () => {
  test.each([1000, 1001, 1003, 1007, 1011, 3000, 3999, 4000, 4999])(
    "[I-27] a Close with the code %d is echoed",
    async (code) => {
      const close = { opcode: 8, payload: closePayload(code, "bye, κόσμε") };
      expect(await closeCodeFor(close)).toBe(code);
    },
  );

  test("[I-27] a Close without a code, answered by one without", async () => {
    const peer = await RawPeer.open(server.port);
    const seen = server.newest();
    peer.send(frame({ opcode: 8 }));
    await peer.closed();
    await until(() => seen.closedWith !== undefined, "the node being told");
    expect(seen.closedWith).toBe(1005);
    expect(peer.frames).toEqual([{ first: 0x88, opcode: 8, payload: Buffer.alloc(0) }]);
  });

  test("[I-27] nothing follows a Close, neither way", async () => {
    const peer = await RawPeer.open(server.port);
    const seen = server.newest();
    seen.link.write(seen.wire.frame("before"));
    seen.link.close(1012, "restart");
    seen.link.write(seen.wire.frame("after"));
    seen.link.close(4500, "again");
    await until(() => peer.closeCode() !== undefined, "the Close");
    peer.text("late");
    peer.send(frame({ opcode: 8, payload: closePayload(1012) }));
    await peer.closed();
    expect(peer.texts()).toEqual(["before"]);
    expect(peer.closeCode()).toBe(1012);
    expect(seen.received).toEqual([]);
    await until(() => seen.closedWith === 1012, "the node being told");
  });

  test("[I-27] a text in fragments, cut inside a character, with a ping between", async () => {
    const peer = await RawPeer.open(server.port);
    const bytes = Buffer.from("κόσμε 🦉");
    peer.send(frame({ fin: false, payload: bytes.subarray(0, 3) }));
    peer.send(frame({ opcode: 9, payload: "p" }));
    peer.send(frame({ fin: false, opcode: 0, payload: bytes.subarray(3, 13) }));
    peer.send(frame({ opcode: 0, payload: bytes.subarray(13) }));
    await until(() => peer.texts().length === 1, "the echo");
    expect(peer.texts()).toEqual(["echo κόσμε 🦉"]);
    expect(peer.frames.find(({ opcode }) => opcode === 10)?.payload.toString()).toBe("p");
    peer.socket.destroy();
  });

  test("[I-27] a ping of 125 bytes is answered with them, a pong is not answered", async () => {
    const peer = await RawPeer.open(server.port);
    peer.send(frame({ opcode: 10, payload: "unasked" }));
    peer.send(frame({ opcode: 9, payload: "q".repeat(125) }));
    await peer.echo("then");
    await until(() => peer.frames.some(({ opcode }) => opcode === 10), "the pong");
    const pongs = peer.frames.filter(({ opcode }) => opcode === 10);
    expect(pongs.map(({ payload }) => payload.toString())).toEqual(["q".repeat(125)]);
    peer.socket.destroy();
  });

  test.each([0, 1, 120, 121, 65_530, 65_531, limits.frameBytes])(
    "[I-27] a text of %d bytes comes back whole",
    async (length) => {
      const peer = await RawPeer.open(server.port);
      await peer.echo("x".repeat(length));
      peer.socket.destroy();
    },
  );

  test("a frame that arrives byte by byte", async () => {
    const peer = await RawPeer.open(server.port);
    for (const byte of frame({ payload: "slow" })) peer.send(Buffer.from([byte]));
    await until(() => peer.texts().includes("echo slow"), "the echo");
    peer.socket.destroy();
  });

  test("[J30] 1,000 texts in one segment are answered in order", async () => {
    const peer = await RawPeer.open(server.port);
    const texts = Array.from({ length: 1_000 }, (_, index) => String(index));
    peer.send(Buffer.concat(texts.map((payload) => frame({ payload }))));
    await until(() => peer.texts().length === 1_000, "the echoes");
    expect(peer.texts()).toEqual(texts.map((text) => `echo ${text}`));
    peer.socket.destroy();
  });
});
