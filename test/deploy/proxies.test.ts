/** The proxies' files as shipped, in the real programs, in front of three nodes: what passes, who is seen, who dies. */
import { createHash, randomBytes } from "node:crypto";
import { get } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTls } from "node:tls";
import { createClient } from "@parlance/client";
import { generateToken } from "@parlance/publisher";
import { freePort } from "@parlance/testkit/server-process";
import type { Browser, Page } from "playwright-core";
import { io, type Socket } from "socket.io-client";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { WebSocket } from "ws";
import { Speaker } from "../bad-input/scene.ts";
import { comeIn, openBrowser, say, shown } from "../e2e/browser.ts";
import { hasRequirement, requires } from "../requirements.ts";
import { seen, send } from "../systems/install.ts";
import { Fleet } from "./fleet.ts";
import { flagsFor, Outside } from "./outside.ts";
import {
  hostName,
  makeCertificate,
  type ProxyName,
  ProxyProgram,
  proxyNames,
} from "./proxy-program.ts";

const engines = ["postgresql", "redis", "openssl"] as const;
/** The preset: how often a node looks into the log for what no broker told it. */
const pollMs = 5_000;

/* Where one of these is absent, all is skipped, and nothing is started. */
const isPossible = [...engines, "chromium" as const].every(hasRequirement);

let fleet: Fleet;
let browser: Browser;

beforeAll(async () => {
  if (!isPossible) return;
  fleet = await Fleet.start();
  browser = await openBrowser(flagsFor(fleet.certificate.chain));
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await fleet?.remove();
}, 60_000);

describe.each(proxyNames)("%s with the file as shipped", (name: ProxyName) => {
  const test = requires(name, ...engines, "chromium");
  let proxy: ProxyProgram;
  let outside: Outside;

  beforeAll(async () => {
    if (!isPossible || !hasRequirement(name)) return;
    proxy = fleet.proxy(name);
    await proxy.start();
    outside = new Outside(proxy);
  }, 30_000);
  afterAll(() => proxy?.remove());
  // Nodes that a test has ended come back.
  afterEach(() => fleet?.restartAll(), 30_000);

  /** A user of an application, with its token. */
  const token = (user: number): string =>
    generateToken(user, 600, { secret: fleet.cluster.secret });

  const guest = async (who: string): Promise<{ user: { id: string }; token: string }> => {
    const answer = await outside.ask("/api/v1/guests", { method: "POST", body: { name: who } });
    expect(answer.status).toBe(201);
    return answer.json();
  };

  test("[SC-12] passes the program's own check", () => {
    expect(proxy.check()).toMatchObject({ code: 0 });
  });

  test("[MMB-21] [SC-12] speaks TLS 1.2 and 1.3 and HTTP/2, and leads plain HTTP to it", async () => {
    const versionWith = (maxVersion: "TLSv1.1" | "TLSv1.2" | "TLSv1.3"): Promise<string | null> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({
          port: proxy.port,
          host: "127.0.0.1",
          servername: hostName,
          ca: proxy.certificate.chain,
          minVersion: "TLSv1",
          maxVersion,
          // So that our own side would take an old version.
          ciphers: "DEFAULT@SECLEVEL=0",
        });
        socket.once("secureConnect", () => resolve(socket.getProtocol())).once("error", reject);
        socket.once("secureConnect", () => socket.end());
      });
    expect(await versionWith("TLSv1.3")).toBe("TLSv1.3");
    expect(await versionWith("TLSv1.2")).toBe("TLSv1.2");
    await expect(versionWith("TLSv1.1")).rejects.toThrow();

    const session = connectHttp2(proxy.origin, {
      ca: proxy.certificate.chain,
      lookup: (_, __, done) => done(null, [{ address: "127.0.0.1", family: 4 }] as never, 4),
    });
    const stream = session.request({ ":path": "/ready" });
    const status = await new Promise((resolve, reject) => {
      stream.once("response", (headers) => resolve(headers[":status"]));
      session.once("error", reject);
      stream.resume();
    });
    session.close();
    expect(status).toBe(200);

    const plain = await new Promise<{ status: number | undefined; location: string | undefined }>(
      (resolve, reject) => {
        get({ port: proxy.plainPort, path: "/room/general", headers: { host: hostName } })
          .once("response", (answer) => {
            answer.resume();
            resolve({ status: answer.statusCode, location: answer.headers.location });
          })
          .once("error", reject);
      },
    );
    expect(plain).toEqual({ status: 308, location: `https://${hostName}/room/general` });
    const page = await outside.ask("/");
    expect(page.headers["strict-transport-security"]).toBe("max-age=31536000");
  });

  test("[MMB-23] [PE-01] [SC-12] passes the WebSocket of every dialect, at the paths that their authors have", async () => {
    const native = await outside.socket("/ws");
    expect(await native.ask({ type: "sign_in", token: token(1) })).toMatchObject({ type: "reply" });
    const editor = await outside.socket("/ws/");
    send(editor, { type: "auth", token: token(2) });
    await seen(editor, { type: "authenticated", user_id: 2 });
    const other = await outside.socket("/mmb");
    send(other, { type: "auth", token: token(3) });
    await seen(other, { type: "authenticated", user_id: 3 });
    const office = await outside.socket("/wss");
    send(office, { type: "update_user_info", userId: 4, token: token(4) });
    await seen(office, { type: "user_info_update_confirmation", success: true });
    const symfony = await outside.socket("/symfony-chat");
    send(symfony, { type: "auth", token: token(5), roomId: "general" });
    await seen(symfony, { type: "auth_success" });
    const logger = await outside.socket("/chatlogger");
    send(logger, { username: "Bob", message: `through ${name}` });
    await seen(logger, { username: "Bob", message: `through ${name}` });
    for (const speaker of [native, editor, other, office, symfony, logger]) {
      speaker.socket.terminate();
    }
  });

  test("[YJS-1] passes the binary WebSocket of a document, whose room is in the path", async () => {
    const { token: signedIn } = await guest("Writer");
    for (const room of [`doc_${name}`, encodeURIComponent(`document:${name}`)]) {
      const socket = new WebSocket(
        `${proxy.origin.replace("http", "ws")}/yjs/${room}`,
        outside.socketOptions({ headers: { authorization: `Bearer ${signedIn}` } }),
      );
      const answers: Buffer[] = [];
      socket.on("message", (data: Buffer) => void answers.push(data));
      socket.on("open", () => socket.send(Buffer.from([0, 0, 1, 0])));
      socket.on("close", (code) => void answers.push(Buffer.from(`closed with ${code}`)));
      // What it lacks of an empty document, and that the server has nothing of it either.
      await expect
        .poll(() => answers.map((answer) => [...answer]), { timeout: 15_000 })
        .toEqual([
          [0, 1, 2, 0, 0],
          [0, 0, 1, 0],
        ]);
      socket.terminate();
    }
  });

  test("[SIO-15] [SC-12] passes Socket.IO as WebSocket, as polling, and from the one to the other", async () => {
    const { token } = await guest("Polled");
    const open = (transports: readonly string[]): Promise<Socket> => {
      const socket = io(proxy.origin, {
        transports: [...transports],
        auth: { token },
        agent: outside.agent as never,
        forceNew: true,
        reconnection: false,
      });
      return new Promise((resolve, reject) => {
        socket.once("connect", () => resolve(socket)).once("connect_error", reject);
      });
    };
    const sockets = [
      await open(["websocket"]),
      await open(["polling"]),
      await open(["polling", "websocket"]),
    ];
    const [, polling, upgraded] = sockets;
    expect(polling?.io.engine.transport.name).toBe("polling");
    await expect.poll(() => upgraded?.io.engine.transport.name).toBe("websocket");
    // Each is answered, over several polls.
    for (const socket of sockets) {
      for (let round = 0; round < 3; round += 1) {
        const message = { chatId: "general", content: `round ${round}` };
        expect(await socket.timeout(5_000).emitWithAck("message:send", message)).toMatchObject({
          ok: true,
        });
      }
      expect(socket.connected).toBe(true);
      socket.disconnect();
    }
  });

  test("[SC-12] an event stream comes through at once, and files in both directions whole", async () => {
    const reader = await guest("Reader");
    const stream = await outside.stream("/rooms/general/events", {
      authorization: `Bearer ${reader.token}`,
    });
    await expect.poll(() => stream.text).toContain("event: subscribed");
    const text = `A line through ${name}.`;
    const said = await outside.ask("/api/v1/rooms/general/messages", {
      method: "POST",
      headers: { authorization: `Bearer ${reader.token}` },
      body: { text },
    });
    expect(said.status).toBe(201);
    await expect.poll(() => stream.text, { timeout: 2_000 }).toContain(text);
    stream.close();

    const content = randomBytes(3_000_000);
    const speaker = await outside.socket("/ws");
    const answered = async (command: Readonly<Record<string, unknown>>): Promise<unknown> => {
      const reply = await speaker.ask(command);
      expect(reply).toMatchObject({ type: "reply" });
      return reply["result"];
    };
    await answered({ type: "sign_in", token: reader.token });
    const { upload_id: upload, piece_bytes: size } = (await answered({
      type: "begin_upload",
      room: "general",
      name: "noise.bin",
      bytes: content.length,
    })) as { upload_id: string; piece_bytes: number };
    for (let index = 0; index * size < content.length; index += 1) {
      const piece = content.subarray(index * size, (index + 1) * size).toString("base64");
      await answered({ type: "upload_piece", upload_id: upload, index, content: piece });
    }
    const finish = { upload_id: upload, client_message_id: `noise-${name}` };
    await answered({ type: "finish_upload", ...finish });
    speaker.socket.terminate();
    const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
    const headers = { authorization: `Bearer ${reader.token}` };
    // From whichever node: they share the directory.
    for (let round = 0; round < 3; round += 1) {
      const whole = await outside.ask(`/api/v1/files/${upload}`, { headers });
      expect([whole.status, hash(whole.body)]).toEqual([200, hash(content)]);
    }
    const part = await outside.ask(`/api/v1/files/${upload}`, {
      headers: { ...headers, range: "bytes=1000000-1999999" },
    });
    expect([part.status, hash(part.body)]).toEqual([206, hash(content.subarray(1e6, 2e6))]);
  });

  test("[MMB-23] tells the nodes the address that a client has, whatever the client says itself", async () => {
    const spoofed = {
      "x-forwarded-for": "203.0.113.7",
      "x-real-ip": "203.0.113.7",
      forwarded: "for=203.0.113.7",
    };
    const through = await outside.socket("/mmb", { from: "127.0.0.77", headers: spoofed });
    send(through, { type: "auth", token: token(70) });
    await seen(through, { type: "authenticated", user_id: 70 });
    const addressOf = async (user: string): Promise<string | undefined> => {
      const node = await fleet.nodeOf(user);
      return (await fleet.connectedTo(node)).find((one) => one.user === user)?.address;
    };
    expect(await addressOf("70")).toBe("127.0.0.77");
    through.socket.terminate();
  });

  test("[PE-15] [SC-12] [I-11] pages on different nodes chat; one node dies, and nobody loses or repeats a message", async () => {
    const room = `killed-behind-${name}`;
    const people = ["Ann", "Bob", "Eve"];
    const { token } = await guest("Host");
    const opened = await outside.ask(`/api/v1/rooms/${room}/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: { text: "Come in." },
    });
    expect(opened.status).toBe(201);
    const texts: string[] = ["Come in."];
    const windows = await Promise.all(
      people.map((who) => comeIn(browser, `${proxy.origin}/room/${room}`, `${who} of ${name}`)),
    );
    const pages = windows.map(({ page }) => page);
    // Rows far above what is seen are not there at all.
    for (const page of pages) await page.setViewportSize({ width: 1280, height: 3_000 });
    const nodes = await Promise.all(pages.map(async (page) => fleet.nodeOf(await userOf(page))));
    expect(new Set(nodes).size).toBeGreaterThan(1);
    const everybody = async (what: string): Promise<void> => {
      const lines = people.map((who) => `${who} says ${what}.`);
      texts.push(...lines);
      await Promise.all(pages.map((page, index) => say(page, lines[index] ?? "")));
    };
    await everybody("one");
    await everybody("two");
    await Promise.all(pages.map((page) => shows(page, texts.length)));
    const [node] = nodes;
    if (node === undefined) throw new Error("no node");
    const killed = node.kill();
    await everybody("three, while a node dies");
    await killed;
    await everybody("four, without it");
    await Promise.all(pages.map((page) => shows(page, texts.length)));
    // What a page wrote itself is shown before it is known to be stored.
    const isStored = async (page: Page): Promise<boolean> =>
      (await shown(page)).every(({ sequence }) => sequence > 0);
    for (const page of pages)
      await expect.poll(() => isStored(page), { timeout: 20_000 }).toBe(true);
    const [first, ...others] = await Promise.all(pages.map((page) => shown(page)));
    for (const text of texts) {
      expect(first?.filter((row) => row.text.includes(text))).toHaveLength(1);
    }
    const sequences = first?.map(({ sequence }) => sequence) ?? [];
    expect(sequences).toEqual([...new Set(sequences)].sort((left, right) => left - right));
    // Nothing else is in the room but that each of them came in.
    expect(sequences).toHaveLength(texts.length);
    expect(sequences.at(-1)).toBe(texts.length + people.length);
    for (const other of others) expect(other.map(({ sequence }) => sequence)).toEqual(sequences);
    expect(await fleet.nodeOf(await userOf(pages[0] as Page))).not.toBe(node);
    for (const { errors, context } of windows) {
      expect(errors).toEqual([]);
      await context.close();
    }
  }, 60_000);

  test("[I-24] [SC-12] one node is stopped in good order while people write: no request fails, no message is lost or repeated", async () => {
    const room = `drained-behind-${name}`;
    const clients = ["one", "two", "three"].map((who) =>
      createClient({
        url: `${proxy.origin}/ws`,
        guest: { name: `${who} of ${name}` },
        WebSocket: outside.webSocket as never,
      }),
    );
    const received: number[][] = clients.map(() => []);
    for (const [index, client] of clients.entries()) {
      client.room(room).on("event", ({ sequence }) => received[index]?.push(sequence));
      await client.connect();
      await client.room(room).subscribe({ last: 0 });
    }
    const [speaker] = clients;
    if (speaker?.user === undefined) throw new Error("nobody");
    const node = await fleet.nodeOf(speaker.user.id);

    let isOver = false;
    const sent: Promise<unknown>[] = [];
    const write = async (): Promise<void> => {
      while (!isOver) {
        for (const client of clients) sent.push(client.room(room).publish("on and on").done);
        await pause(40);
      }
    };
    const statuses = new Set<number>();
    const visit = async (): Promise<void> => {
      while (!isOver) {
        statuses.add((await outside.ask("/api/v1/rooms/general")).status);
        await pause(10);
      }
    };
    const handshakes = new Set<number>();
    const sockets = async (): Promise<void> => {
      while (!isOver) {
        handshakes.add(await outside.handshake("/ws"));
        await pause(50);
      }
    };
    const busy = Promise.all([write(), visit(), sockets()]);
    await pause(300);
    const code = await node.stop();
    await pause(300);
    isOver = true;
    await busy;
    expect(code).toBe(0);
    await Promise.all(sent);
    const all = sent.map((_, index) => index + 1);
    for (const sequences of received) await expect.poll(() => sequences.length).toBe(all.length);
    expect(received).toEqual(clients.map(() => all));
    expect([...statuses]).toEqual([401]);
    // Apache passes on the 503 with which a node that goes away tells newcomers to come again; then it leaves the node out.
    if (name === "apache") handshakes.delete(503);
    expect([...handshakes]).toEqual([101]);
    for (const client of clients) {
      expect(await client.room(room).verify()).toMatchObject({ complete: true });
      client.close();
    }
  }, 60_000);
});

requires(...engines, "chromium")(
  "[MMB-23] who comes past the proxy is believed nothing about its address",
  async () => {
    const [node] = fleet.cluster.nodes;
    if (node === undefined) throw new Error("no node");
    const past = await new Speaker(`${node.socketUrl.replace("/ws", "/mmb")}`, {
      localAddress: "127.0.0.88",
      headers: { "x-forwarded-for": "203.0.113.7", "x-real-ip": "203.0.113.7" },
    }).opened();
    send(past, { type: "auth", token: generateToken(88, 600, { secret: fleet.cluster.secret }) });
    await seen(past, { type: "authenticated", user_id: 88 });
    // A node that was started a moment ago is not in everybody's list yet.
    const address = async (): Promise<string | undefined> =>
      (await fleet.connectedTo(node)).find(({ user }) => user === "88")?.address;
    await expect.poll(address, { timeout: 15_000 }).toBe("127.0.0.88");
    past.socket.terminate();
  },
);

requires(...engines, "chromium")(
  "[MMB-26] [SIO-15] pages of MMB, and Socket.IO clients, on different nodes hear each other over Redis at once",
  async () => {
    const [one, two] = fleet.cluster.nodes;
    if (one === undefined || two === undefined) throw new Error("no nodes");
    const { secret } = fleet.cluster;
    const editor = async (user: number, url: string): Promise<Speaker> => {
      const speaker = await new Speaker(`${url.replace("http", "ws")}/mmb`).opened();
      send(speaker, { type: "auth", token: generateToken(user, 600, { secret }) });
      await seen(speaker, { type: "authenticated", user_id: user });
      send(speaker, { type: "join", room: "chat_general" });
      await seen(speaker, { type: "room_joined", room: "chat_general" });
      return speaker;
    };
    const [ann, bob] = [await editor(81, one.url), await editor(82, two.url)];
    const began = performance.now();
    send(ann, { type: "message", room: "chat_general", message: "to the other node" });
    await seen(bob, { type: "message", user_id: 81, message: "to the other node" });
    // Without the broker it would take until the next look into the log.
    expect(performance.now() - began).toBeLessThan(pollMs);

    const open = async (url: string): Promise<Socket> => {
      const { token } = await fleet.cluster.rest<{ token: string }>(
        one,
        "POST",
        "/guests",
        undefined,
        { name: "Socket" },
      );
      const socket = io(url, { transports: ["websocket"], auth: { token }, forceNew: true });
      await new Promise((resolve, reject) => {
        socket.once("connect", () => resolve(socket)).once("connect_error", reject);
      });
      await socket.timeout(5_000).emitWithAck("chat:join", { chatId: "hop" });
      return socket;
    };
    const eve = await open(one.url);
    await eve.timeout(5_000).emitWithAck("message:send", { chatId: "hop", content: "first" });
    const joe = await open(two.url);
    const heard = new Promise((resolve) => joe.on("message:new", resolve));
    const sent = performance.now();
    await eve.timeout(5_000).emitWithAck("message:send", { chatId: "hop", content: "over Redis" });
    expect(await heard).toMatchObject({ chat_id: "hop", content: "over Redis" });
    expect(performance.now() - sent).toBeLessThan(pollMs);
    for (const speaker of [ann, bob]) speaker.socket.terminate();
    for (const socket of [eve, joe]) socket.disconnect();
  },
);

requires("nginx", "openssl")(
  "[SC-12] nginx breaks an event stream off where no node answers, so that EventSource comes back by itself",
  async () => {
    const dead = [await freePort(), await freePort(), await freePort()];
    const proxy = await ProxyProgram.make("nginx", makeCertificate(), dead);
    try {
      await proxy.start();
      const outside = new Outside(proxy);
      expect((await outside.ask("/ready")).status).toBe(502);
      for (const path of ["/rooms/general/events", "/events?room=general"]) {
        await expect(outside.ask(path)).rejects.toThrow(/socket hang up|ECONNRESET/);
      }
    } finally {
      await proxy.remove();
    }
  },
);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the page shows so many messages as sent. */
async function shows(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      document.querySelectorAll('[data-testid="message"][data-state="sent"]').length >= wanted,
    count,
    { timeout: 20_000 },
  );
}

/** Who has come in on the page, as the web app keeps it. */
async function userOf(page: Page): Promise<string> {
  const kept = await page.evaluate(() => localStorage.getItem("parlance.session"));
  return (JSON.parse(kept ?? "") as { user: { id: string } }).user.id;
}
