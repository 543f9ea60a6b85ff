import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load.ts";
import { createLog } from "./log.ts";
import { type ParlanceServer, startServer } from "./start.ts";

let directory: string;
let server: ParlanceServer;
const logged: string[] = [];
const json = { "content-type": "application/json" };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "rest-files-"));
  await start();
});
afterAll(async () => {
  await server.close(0);
  await rm(directory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const { config } = loadConfig({
    flags: {
      port: "0",
      sign_ins_per_minute: "0",
      commands_per_second: "0",
      origins: "https://app.example",
      file_bytes: "3000000",
      file_quota_bytes: "4000000",
    },
    environment: {},
    directory,
  });
  server = await startServer(config, {
    log: createLog(config, { write: (line) => logged.push(line) }),
  });
}

interface Person {
  readonly id: string;
  readonly token: string;
}

async function guest(name: string): Promise<Person> {
  const response = await fetch(`${server.url}/api/v1/guests`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ name }),
  });
  const body = (await response.json()) as { user: { id: string }; token: string };
  return { id: body.user.id, token: body.token };
}

// oxlint-disable-next-line typescript/no-explicit-any -- answers are looked at as they come
type Frame = any;

/** A signed-in socket. */
class Socket {
  readonly frames: Frame[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Frame) => void>();
  #next = 1;

  static async open(token: string): Promise<Socket> {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
    await once(socket, "open");
    const opened = new Socket(socket);
    await opened.ask({ type: "sign_in", token });
    return opened;
  }

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", (message: MessageEvent<string>) => {
      const frame: Frame = JSON.parse(message.data);
      this.frames.push(frame);
      if (frame.sequence === undefined) this.#waiting.get(frame.id)?.(frame);
    });
  }

  /** The result, or the error's code. */
  async ask(command: object): Promise<Frame> {
    const id = this.#next;
    this.#next += 1;
    const { promise, resolve } = Promise.withResolvers<Frame>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ ...command, id }));
    const answer = await promise;
    this.#waiting.delete(id);
    return answer.type === "reply" ? answer.result : answer.code;
  }

  close(): void {
    this.#socket.close();
  }
}

async function upload(
  socket: Socket,
  content: Uint8Array,
  more: { room?: string; name?: string; media_type?: string } = {},
): Promise<Frame> {
  const start = { type: "begin_upload", room: "general", name: "a.bin", bytes: content.length };
  const begun = await socket.ask({ ...start, ...more });
  if (typeof begun === "string") return begun;
  const { upload_id, piece_bytes } = begun;
  for (let index = 0; index * piece_bytes < content.length; index += 1) {
    const piece = content.subarray(index * piece_bytes, (index + 1) * piece_bytes);
    await socket.ask({
      type: "upload_piece",
      upload_id,
      index,
      content: Buffer.from(piece).toString("base64"),
    });
  }
  const sha256 = createHash("sha256").update(content).digest("hex");
  const finish = { type: "finish_upload", upload_id, sha256, client_message_id: upload_id };
  return (await socket.ask(finish)).file;
}

function download(
  who: Person | undefined,
  file: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const authorization = who === undefined ? {} : { authorization: `Bearer ${who.token}` };
  return fetch(`${server.url}/api/v1/files/${file}`, { headers: { ...authorization, ...headers } });
}

async function rest(who: Person, method: string, path: string, body?: object): Promise<Frame> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${who.token}`, ...(body === undefined ? {} : json) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** Some bytes that are nowhere alike. */
function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 13) & 0xff);
}

describe("a file", () => {
  test("of several pieces comes back as it went, whole and in parts, and after a restart", async () => {
    const ann = await guest("Ann");
    const socket = await Socket.open(ann.token);
    const content = bytesOf(200_001);
    const file = await upload(socket, content, {
      name: "Plan – ü.pdf",
      media_type: "application/pdf",
    });
    const whole = await download(ann, file.file_id);
    expect(whole.status).toBe(200);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      "content-length": "200001",
      "content-type": "application/pdf",
      "content-disposition": `attachment; filename="Plan _ _.pdf"; filename*=UTF-8''Plan%20%E2%80%93%20%C3%BC.pdf`,
      "accept-ranges": "bytes",
      etag: `"${file.sha256}"`,
    });
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(content);

    const part = await download(ann, file.file_id, { range: "bytes=65530-65541" });
    expect([part.status, part.headers.get("content-range")]).toEqual([
      206,
      "bytes 65530-65541/200001",
    ]);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(content.subarray(65_530, 65_542));
    const other = await download(ann, file.file_id, { range: "bytes=0-1", "if-range": '"other"' });
    expect(other.status).toBe(200);
    await other.body?.cancel();
    const same = { range: "bytes=0-1", "if-range": `"${file.sha256}"` };
    expect((await download(ann, file.file_id, same)).status).toBe(206);

    const listed = await rest(ann, "GET", "/rooms/general/files?limit=1");
    expect(listed).toEqual({ status: 200, body: { room: "general", files: [file] } });

    socket.close();
    await server.close(0);
    await start();
    const again = await download(ann, file.file_id);
    expect(new Uint8Array(await again.arrayBuffer())).toEqual(content);
  });

  test("[U7] odd ranges are answered with the whole or 416", async () => {
    const ann = await guest("Ann");
    const { file_id } = await upload(await Socket.open(ann.token), bytesOf(10));
    for (const range of ["bytes=0-0,1-1", `bytes=${"0-0,".repeat(1_000)}1-1`, "lines=0-1", "x"]) {
      const answer = await download(ann, file_id, { range });
      expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([200, 10]);
    }
    for (const range of ["bytes=-0", "bytes=10-", "bytes=11-20"]) {
      const answer = await download(ann, file_id, { range });
      expect([answer.status, answer.headers.get("content-range")]).toEqual([416, "bytes */10"]);
      expect(((await answer.json()) as Frame).error.code).toBe("bad_request");
    }
  });
});

describe("what comes back", () => {
  test("[U2] never runs: attachment, no guessing, a sandbox, and a type that is harmless", async () => {
    const ann = await guest("Ann");
    const socket = await Socket.open(ann.token);
    const script = "<script>alert(1)</script>";
    for (const [name, media_type, text] of [
      ["a.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`],
      ["a.html", "text/html", `<!doctype html>${script}`],
      ["a.xhtml", "application/xhtml+xml", `<html xmlns="http://www.w3.org/1999/xhtml"/>`],
      ["a.xml", "text/xml", `<?xml-stylesheet href="x.xsl" type="text/xsl"?><x/>`],
      ["a.js", "text/javascript", "alert(1)"],
      ["a.png", "image/png", `<!doctype html>${script}`],
      ["a.gif", "image/gif", "GIF89a/*=1;alert(1)//*/"],
      ["a.pdf", "application/pdf", "%PDF-1.7 /OpenAction << /S /JavaScript >>"],
    ] as const) {
      const file = await upload(socket, Buffer.from(text), { name, media_type });
      const isHarmless = ["image/png", "image/gif", "application/pdf"].includes(media_type);
      const type = isHarmless ? media_type : "application/octet-stream";
      expect(file.media_type).toBe(type);
      const answer = await download(ann, file.file_id, { origin: "https://app.example" });
      expect(await answer.text()).toBe(text);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "content-type": type,
        "content-disposition": `attachment; filename="${name}"; filename*=UTF-8''${name}`,
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "private, no-store",
      });
    }
  });

  test("[U1] no name of a file gets out of its header or into a path", async () => {
    const ann = await guest("Ann");
    const socket = await Socket.open(ann.token);
    const names = [
      "../../x",
      "..\\x",
      "C:\\x",
      "a\0b",
      "n".repeat(300),
      "CON",
      ".htaccess",
      ".x",
      "a\r\nSet-Cookie: a=b",
      'a"; filename="b.exe',
      "photo\u202egnp.exe",
      "100%\u00e9'(*)",
      "",
    ];
    for (const name of names) {
      const file = await upload(socket, Buffer.from("x"), { name });
      const answer = await download(ann, file.file_id);
      expect(answer.headers.get("set-cookie")).toBeNull();
      expect(answer.headers.get("content-disposition")).toMatch(
        /^attachment; filename="[^"\\\x00-\x1f\x7f-\uffff/]+"; filename\*=UTF-8''(?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+$/,
      );
      const told = answer.headers.get("content-disposition")?.split("UTF-8''")[1] ?? "";
      expect(decodeURIComponent(told)).toBe(file.name);
      await answer.body?.cancel();
    }
    const stored = await readdir(join(directory, "data/files"));
    expect(stored.filter((name) => !/^[0-9a-z]{22}$/.test(name))).toEqual(["parts"]);
  });
});

describe("who gets it", () => {
  test("[U6] only who may read the room now; to others the answer is that for an absent file", async () => {
    const [ann, bob, eve] = [await guest("Ann"), await guest("Bob"), await guest("Eve")];
    const socket = await Socket.open(ann.token);
    const { body } = await rest(ann, "POST", "/rooms", { kind: "private", title: "Plans" });
    const { room } = body;
    await rest(ann, "PUT", `/rooms/${room}/members/${bob.id}`, {});
    const { file_id } = await upload(socket, Buffer.from("secret"), { room });
    expect(await (await download(bob, file_id)).text()).toBe("secret");
    expect((await download(undefined, file_id)).status).toBe(401);
    expect((await download({ id: "", token: "pls_forged_x" }, file_id)).status).toBe(401);

    const absent = await download(eve, "0".repeat(22));
    const absentText = await absent.text();
    const hides = async (who: Person, file: string): Promise<void> => {
      const answer = await download(who, file, { range: "bytes=0-1", "if-none-match": "*" });
      expect([answer.status, await answer.text()]).toEqual([404, absentText]);
      expect([...answer.headers.keys()].sort()).toEqual([...absent.headers.keys()].sort());
    };
    await hides(eve, file_id);
    for (const odd of ["x".repeat(65), "..%2Fparlance.db", "a.b", "parts"]) await hides(eve, odd);
    expect((await rest(eve, "GET", `/rooms/${room}/files`)).status).toBe(404);

    expect((await rest(ann, "DELETE", `/rooms/${room}/members/${bob.id}`)).status).toBe(200);
    await hides(bob, file_id);
    expect((await rest(bob, "GET", `/rooms/${room}/files`)).status).toBe(404);
    expect(await (await download(ann, file_id)).text()).toBe("secret");

    await socket.ask({ type: "delete_file", room, file_id });
    await hides(ann, file_id);
    const history = await rest(ann, "GET", `/rooms/${room}/messages`);
    expect(history.body.events.at(-1)).toMatchObject({ type: "file.deleted", data: { file_id } });
    expect(JSON.stringify(history.body)).not.toContain("a.bin");
    expect(await readdir(join(directory, "data/files"))).not.toContain(file_id);
  });
});

test("[NAT-65] a file is removed over REST by its owner or who looks after the room, once, and nobody else learns that it is there", async () => {
  const [ann, bob, eve] = [await guest("Ann"), await guest("Bob"), await guest("Eve")];
  const socket = await Socket.open(bob.token);
  const { body } = await rest(ann, "POST", "/rooms", { kind: "private", title: "Plans" });
  const { room } = body;
  for (const one of [bob, eve]) await rest(ann, "PUT", `/rooms/${room}/members/${one.id}`, {});
  const [first, second] = [
    await upload(socket, Buffer.from("first"), { room }),
    await upload(socket, Buffer.from("second"), { room }),
  ];
  const remove = async (who: Person, where: string, file: string): Promise<number> =>
    (await rest(who, "DELETE", `/rooms/${where}/files/${file}`)).status;
  expect(await remove(eve, room, first.file_id)).toBe(403);
  expect(await remove(bob, "general", first.file_id)).toBe(404);
  expect(await remove(bob, room, "0".repeat(22))).toBe(404);
  const removed = await rest(bob, "DELETE", `/rooms/${room}/files/${first.file_id}`);
  expect(removed).toMatchObject({ status: 200, body: { room } });
  expect(await remove(bob, room, first.file_id)).toBe(404);
  expect(await remove(ann, room, second.file_id)).toBe(200);
  for (const { file_id } of [first, second])
    expect((await download(bob, file_id)).status).toBe(404);
  const history = await rest(ann, "GET", `/rooms/${room}/messages`);
  expect(history.body.events.at(-2).sequence).toBe(removed.body.sequence);
  expect((await rest(ann, "GET", `/rooms/${room}/files`)).body.files).toEqual([]);
  socket.close();
});

describe("how much", () => {
  const partsLeft = (): Promise<string[]> => readdir(join(directory, "data/files/parts"));

  test("[U4] too much, too little and cut at 99 %: no partial file, and the room comes back", async () => {
    const ann = await guest("Ann");
    const socket = await Socket.open(ann.token);
    await socket.ask({ type: "subscribe", room: "general" });
    expect(await upload(socket, bytesOf(3_000_001))).toBe("too_large");
    const begin = { type: "begin_upload", room: "general", name: "x" };
    expect(await socket.ask({ ...begin, bytes: 0 })).toBe("bad_request");
    const { upload_id } = await socket.ask({ ...begin, bytes: 100 });
    const content = Buffer.alloc(99).toString("base64");
    await socket.ask({ type: "upload_piece", upload_id, index: 0, content });
    const finish = { type: "finish_upload", upload_id, client_message_id: "cut" };
    expect(await socket.ask(finish)).toBe("conflict");
    expect((await download(ann, upload_id)).status).toBe(404);
    socket.close();
    const again = await Socket.open(ann.token);
    expect((await download(ann, upload_id)).status).toBe(404);
    const more = { type: "upload_piece", upload_id, index: 1, content };
    expect(await again.ask(more)).toBe("too_large");
    expect(await again.ask(finish)).toBe("not_found");
    expect(await partsLeft()).not.toContain(upload_id);
    // A valid one right after is taken, and a bystander sees that one only.
    const bob = await Socket.open((await guest("Bob")).token);
    await bob.ask({ type: "subscribe", room: "general" });
    const file = await upload(again, Buffer.from("fine"));
    await expect.poll(() => bob.frames.at(-1)?.data?.file_id).toBe(file.file_id);
    expect(bob.frames.filter((frame) => frame.type === "file.shared")).toHaveLength(1);
  });

  test("[U8] uploads side by side keep to the quota exactly, and to sixteen", async () => {
    const ann = await guest("Ann");
    const sockets = await Promise.all(Array.from({ length: 10 }, () => Socket.open(ann.token)));
    const begin = { type: "begin_upload", room: "general", name: "x" };
    const big = await Promise.all(
      sockets.map((socket) => socket.ask({ ...begin, bytes: 1_500_000 })),
    );
    expect(big.filter((answer) => answer === "storage_full")).toHaveLength(8);
    const [socket] = sockets;
    if (socket === undefined) throw new Error("nobody");
    expect(await socket.ask({ ...begin, bytes: 1_000_001 })).toBe("storage_full");
    const rest = await Promise.all(
      Array.from({ length: 100 }, () => socket.ask({ ...begin, bytes: 10 })),
    );
    expect(rest.filter((answer) => answer === "rate_limited")).toHaveLength(86);
    const bob = await Socket.open((await guest("Bob")).token);
    expect((await upload(bob, bytesOf(1_000_000))).bytes).toBe(1_000_000);
  });

  test("a reader that goes away in the middle harms nothing", async () => {
    const ann = await guest("Ann");
    const { file_id } = await upload(await Socket.open(ann.token), bytesOf(3_000_000));
    for (let round = 0; round < 20; round += 1) {
      await new Promise<void>((resolve, reject) => {
        const { hostname, port } = new URL(server.url);
        const headers = { authorization: `Bearer ${ann.token}` };
        const request = httpRequest(
          { hostname, port, path: `/api/v1/files/${file_id}`, headers },
          (response) => {
            response.once("data", () => request.destroy());
            response.once("error", () => resolve());
            response.once("close", () => resolve());
          },
        );
        request.on("error", () => resolve()).end();
        setTimeout(reject, 5_000, new Error("no answer")).unref();
      });
    }
    const whole = await download(ann, file_id);
    expect((await whole.arrayBuffer()).byteLength).toBe(3_000_000);
    expect(logged.filter((line) => line.includes("request_failed"))).toEqual([]);
  });
});
