/** The echo application that protocol checks are run against, hosted by a server beside the chat. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ConfigError, loadConfig } from "./config/load.ts";
import type { Embed } from "./socketio.ts";
import { type ParlanceServer, startServer } from "./start.ts";

/** Namespaces of an application: what comes goes back, bytes and acknowledgements included. */
const echo: Embed = ({ io: host }) => {
  for (const name of ["/echo", "/custom"]) {
    host.of(name).on("connection", (socket) => {
      socket.emit("auth", socket.handshake.auth);
      socket.on("message", (...args: unknown[]) => void socket.emit("message-back", ...args));
      socket.on("put-me-out", () => void socket.disconnect());
      socket.on("message-with-ack", (...args: unknown[]) => {
        const acknowledge = args.pop() as (...answer: unknown[]) => void;
        acknowledge(...args);
      });
    });
  }
  // Events of its own in the chat's namespace, and rooms of the chat to emit to.
  host.on("connection", (socket) => {
    socket.on("poll:vote", (chatId: string) => {
      host.to(`chat:${chatId}`).emit("poll:voted", { by: socket.id });
    });
  });
};

let directory: string;
let server: ParlanceServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "embed-"));
  server = await startServer(load({ heartbeat_ms: "1000" }), { embed: echo });
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

function load(flags: Record<string, string> = {}): ReturnType<typeof loadConfig>["config"] {
  const given = { port: "0", listen: "none", log_level: "silent", sign_ins_per_minute: "0" };
  return loadConfig({ flags: { ...given, ...flags }, environment: {}, directory }).config;
}

/** A WebSocket whose frames are read one after the other. */
class Frames {
  readonly socket: WebSocket;
  readonly #frames: (string | Buffer)[] = [];
  isClosed = false;

  constructor(query = "EIO=4&transport=websocket") {
    this.socket = new WebSocket(`${server.url.replace("http", "ws")}/socket.io/?${query}`);
    this.socket.on("message", (data: Buffer, isBinary) => {
      this.#frames.push(isBinary ? data : data.toString());
    });
    this.socket.on("close", () => {
      this.isClosed = true;
    });
    this.socket.on("error", () => {});
  }

  async next(): Promise<string | Buffer | undefined> {
    for (const end = Date.now() + 5_000; Date.now() < end && !this.isClosed; ) {
      if (this.#frames.length > 0) return this.#frames.shift();
      await sleep(5);
    }
    return this.#frames.shift();
  }

  /** In the namespace `/echo`, its greeting read. */
  static async echo(): Promise<Frames> {
    const frames = new Frames();
    await frames.next();
    frames.socket.send("40/echo,");
    expect(await frames.next()).toMatch(/^40\/echo,\{"sid":"[^"]+"/);
    expect(await frames.next()).toBe('42/echo,["auth",{}]');
    return frames;
  }
}

function poll(query: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}/socket.io/?EIO=4&transport=polling${query}`, init);
}

describe("Engine.IO 4 by hand", () => {
  test("a handshake by polling tells the session, the upgrade and the times", async () => {
    const response = await poll("");
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text[0]).toBe("0");
    expect(JSON.parse(text.slice(1))).toEqual({
      sid: expect.any(String),
      upgrades: ["websocket"],
      pingInterval: 1_000,
      pingTimeout: 1_000,
      maxPayload: expect.any(Number),
    });
  });

  test("a handshake by WebSocket offers no upgrade", async () => {
    const frames = new Frames();
    const text = String(await frames.next());
    expect(text[0]).toBe("0");
    expect(JSON.parse(text.slice(1))).toMatchObject({ upgrades: [] });
    frames.socket.close();
  });

  test("packets by polling are separated by U+001E, both ways", async () => {
    const { sid } = JSON.parse((await (await poll("")).text()).slice(1)) as { sid: string };
    const post = (body: string) => poll(`&sid=${sid}`, { method: "POST", body });
    const posted = await post("40/echo,");
    expect([posted.status, await posted.text()]).toEqual([200, "ok"]);
    let got: string[] = [];
    const gather = async (count: number): Promise<void> => {
      while (got.length < count) {
        const polled = (await (await poll(`&sid=${sid}`)).text()).split("\u001e");
        got = [...got, ...polled.filter((packet) => packet !== "2")];
      }
    };
    await gather(2);
    await post('42/echo,["message","a"]\u001e42/echo,["message","b"]');
    await gather(4);
    expect(got.slice(1)).toEqual([
      '42/echo,["auth",{}]',
      '42/echo,["message-back","a"]',
      '42/echo,["message-back","b"]',
    ]);
  });

  test("a ping comes and is answered; whoever does not answer is closed", async () => {
    const answering = new Frames();
    const silent = new Frames();
    for (const frames of [answering, silent]) {
      await frames.next();
      frames.socket.send("40/echo,");
    }
    const end = Date.now() + 3_000;
    let pings = 0;
    while (Date.now() < end) {
      if ((await answering.next()) === "2") {
        pings += 1;
        answering.socket.send("3");
      }
    }
    expect(pings).toBeGreaterThanOrEqual(2);
    expect([answering.isClosed, silent.isClosed]).toEqual([false, true]);
    answering.socket.close();
  });

  test("`1` closes a polling session", async () => {
    const { sid } = JSON.parse((await (await poll("")).text()).slice(1)) as { sid: string };
    const [polled] = await Promise.all([
      poll(`&sid=${sid}`),
      sleep(50).then(() => poll(`&sid=${sid}`, { method: "POST", body: "1" })),
    ]);
    expect(await polled.text()).toBe("6");
    expect((await poll(`&sid=${sid}`)).status).toBe(400);
  });

  test("a polling session is upgraded: probe, answer, upgrade", async () => {
    const { sid } = JSON.parse((await (await poll("")).text()).slice(1)) as { sid: string };
    const frames = new Frames(`EIO=4&transport=websocket&sid=${sid}`);
    await new Promise((resolve) => frames.socket.once("open", resolve));
    frames.socket.send("2probe");
    expect(await frames.next()).toBe("3probe");
    frames.socket.send("5");
    frames.socket.send("40/echo,");
    expect(await frames.next()).toMatch(/^40\/echo,/);
    expect((await poll(`&sid=${sid}`)).status).toBe(400);
    frames.socket.close();
  });
});

describe("Socket.IO 5 by hand", () => {
  test("namespaces: auth is given on, one that is not there is refused, leaving one keeps the line", async () => {
    const frames = new Frames();
    await frames.next();
    frames.socket.send('40/custom,{"token":"123"}');
    expect(await frames.next()).toMatch(/^40\/custom,\{"sid":/);
    expect(await frames.next()).toBe('42/custom,["auth",{"token":"123"}]');
    frames.socket.send("40/random");
    expect(await frames.next()).toBe('44/random,{"message":"Invalid namespace"}');
    frames.socket.send("41/custom,");
    frames.socket.send("40/echo,");
    expect(await frames.next()).toMatch(/^40\/echo,/);
    frames.socket.close();
  });

  test("the chat's own namespace wants a token, and says so on the same line", async () => {
    const frames = await Frames.echo();
    frames.socket.send("40");
    const refused = String(await frames.next());
    expect(refused).toMatch(/^44\{/);
    expect(JSON.parse(refused.slice(2))).toMatchObject({ data: { code: "unauthenticated" } });
    frames.socket.send('42/echo,["message",1]');
    expect(await frames.next()).toBe('42/echo,["message-back",1]');
    frames.socket.close();
  });

  test("events of any JSON come back, and an acknowledgement has the id of its event", async () => {
    const frames = await Frames.echo();
    frames.socket.send('42/echo,["message",1,"2",{"3":[true]}]');
    expect(await frames.next()).toBe('42/echo,["message-back",1,"2",{"3":[true]}]');
    frames.socket.send('42/echo,456["message-with-ack",1,"2",{"3":[false]}]');
    expect(await frames.next()).toBe('43/echo,456[1,"2",{"3":[false]}]');
    frames.socket.close();
  });

  test("bytes come back, in events and in acknowledgements", async () => {
    const frames = await Frames.echo();
    const one = '{"_placeholder":true,"num":0}';
    const two = '{"_placeholder":true,"num":1}';
    frames.socket.send(`452-/echo,["message",${one},${two}]`);
    frames.socket.send(Buffer.from([1, 2, 3]));
    frames.socket.send(Buffer.from([4, 5, 6]));
    expect(await frames.next()).toBe(`452-/echo,["message-back",${one},${two}]`);
    expect(await frames.next()).toEqual(Buffer.from([1, 2, 3]));
    expect(await frames.next()).toEqual(Buffer.from([4, 5, 6]));
    frames.socket.send(`451-/echo,789["message-with-ack",${one}]`);
    frames.socket.send(Buffer.from([7]));
    expect(await frames.next()).toBe(`461-/echo,789[${one}]`);
    expect(await frames.next()).toEqual(Buffer.from([7]));
    frames.socket.close();
  });

  test.each(["4abc", "42/echo,{}"])("%s ends the line", async (frame) => {
    const frames = await Frames.echo();
    frames.socket.send(frame);
    expect(await frames.next()).toBeUndefined();
    expect(frames.isClosed).toBe(true);
  });

  test("[S8] an event of a namespace that the client is not in is refused, and the others go on", async () => {
    const frames = await Frames.echo();
    for (const name of ["/nobody", "/custom"]) {
      frames.socket.send(`42${name},["message"]`);
      expect(await frames.next()).toMatch(/^44\/[a-z]+,\{"message":"Sign in first\."/);
    }
    frames.socket.send('42/echo,["message",1]');
    expect(await frames.next()).toBe('42/echo,["message-back",1]');
    frames.socket.send("40/custom,");
    expect(await frames.next()).toMatch(/^40\/custom,\{"sid":/);
    frames.socket.close();
  });

  test("[S8] events on their way when the server puts a client out are no answer to its next attempt", async () => {
    const frames = await Frames.echo();
    frames.socket.send('42/echo,["put-me-out"]');
    expect(await frames.next()).toBe("41/echo,");
    frames.socket.send('42/echo,["message",1]');
    frames.socket.send("41/echo,");
    frames.socket.send("40/echo,");
    expect(await frames.next()).toMatch(/^40\/echo,\{"sid":/);
    expect(await frames.next()).toBe('42/echo,["auth",{}]');
    frames.socket.send('42/echo,["message",2]');
    expect(await frames.next()).toBe('42/echo,["message-back",2]');
    frames.socket.close();
  });
});

test("an application has events and rooms beside the chat's, with the stock client", async () => {
  const response = await fetch(`${server.url}/api/v1/guests`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"name":"Ann"}',
  });
  const { token } = (await response.json()) as { token: string };
  const chat = io(server.url, { auth: { token }, forceNew: true });
  const echoing = io(`${server.url}/echo`, { forceNew: true });
  await new Promise((resolve) => chat.once("connect", () => resolve(undefined)));
  await chat.timeout(5_000).emitWithAck("chat:join", { chatId: "general" });
  const voted = new Promise((resolve) => {
    chat.once("poll:voted", resolve);
  });
  const errors: unknown[] = [];
  chat.on("error", (error) => errors.push(error));
  chat.emit("poll:vote", "general");
  expect(await voted).toEqual({ by: chat.id });
  expect(await echoing.timeout(5_000).emitWithAck("message-with-ack", "x")).toBe("x");
  expect(errors).toEqual([]);
  chat.disconnect();
  echoing.disconnect();
});

describe("a module named by the configuration", () => {
  test("is run before anybody is let in", async () => {
    const other = await mkdtemp(join(tmpdir(), "embed-"));
    const file = join(directory, "my-events.js");
    await writeFile(
      file,
      `export function embed({ io }) {
        io.of("/mine").on("connection", (socket) => socket.on("hi", (reply) => reply("there")));
      }`,
    );
    const own = await startServer(load({ embed: "my-events.js", data_dir: other }));
    const mine = io(`${own.url}/mine`, { forceNew: true });
    expect(await mine.timeout(5_000).emitWithAck("hi")).toBe("there");
    mine.disconnect();
    await own.close(0);
    await rm(other, { recursive: true, force: true });
  });

  test.each([
    ["absent.js", undefined, /cannot be loaded/],
    ["broken.js", "export function embed( {", /cannot be loaded/],
    ["other.js", "export const events = 1;", /exports no function named embed/],
  ])("stops the start where it is wrong: %s", async (name, text, reason) => {
    const other = await mkdtemp(join(tmpdir(), "embed-"));
    if (text !== undefined) await writeFile(join(directory, name), text);
    const failure = await startServer(load({ embed: name, data_dir: other })).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ConfigError);
    expect((failure as ConfigError).message).toMatch(reason);
    await rm(other, { recursive: true, force: true });
  });
});
