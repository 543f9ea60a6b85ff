import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { limits } from "@parlance/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type ChatClient, ChatStage, eventually, type Person } from "../../test/chat-stage.ts";
import { openPolling, poll, RawSession } from "../../test/raw-engine.ts";

let stage: ChatStage;
let ann: Person;
let bob: Person;
let chat: string;
let bystander: ChatClient;
let turn = 0;

beforeAll(async () => {
  stage = await ChatStage.start({ PARLANCE_HEARTBEAT_MS: "3000" });
  [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  chat = await stage.chat([ann, bob]);
});
afterAll(() => stage.close());
beforeEach(async () => {
  bystander = await stage.connect(bob);
});
/** Whatever was sent: the process lives, a message is taken and delivered once, and nobody else noticed. */
afterEach(async () => {
  turn += 1;
  const fresh = await stage.connect(ann);
  const content = `still fine ${turn}`;
  expect((await fresh.ask("message:send", { chatId: chat, content }))["ok"]).toBe(true);
  await bystander.until("message:new", (message) => message["content"] === content);
  expect(bystander.contents().filter((other) => other === content)).toEqual([content]);
  expect(bystander.disconnects).toEqual([]);
  expect(bystander.all("error")).toEqual([]);
  fresh.socket.disconnect();
  bystander.socket.disconnect();
});

/* In a thread of its own, so that what the probe measures is the server. */
async function floodFromOutside(
  url: string,
  token: string,
  frames: readonly string[],
): Promise<void> {
  const flood = new Worker(new URL("../../test/flood-worker.ts", import.meta.url), {
    workerData: { url, token, frames, count: 30_000 },
  });
  await new Promise((resolve, reject) => {
    flood.once("exit", resolve);
    flood.once("error", reject);
  });
}

/** A raw session in the default namespace as Ann. */
async function joined(): Promise<RawSession> {
  const session = await RawSession.open(stage.url);
  session.socket.send(`40${JSON.stringify({ token: ann.token })}`);
  await session.starting("40");
  return session;
}

test.each([
  ["EIO=3&transport=polling", 400, 5],
  ["EIO=99&transport=polling", 400, 5],
  ["transport=polling", 400, 5],
  ["EIO=4&transport=x", 400, 0],
  ["EIO=4", 400, 0],
  ["EIO=4&transport=polling&sid=nobody", 400, 1],
  ["EIO=4&transport=polling&sid=../", 400, 1],
  ["EIO=4&transport=polling&sid=__proto__", 400, 1],
  ["EIO=4&transport=polling&sid=", 400, 3],
  ["EIO=4&transport=polling&transport=websocket", 400, 3],
  ["EIO=4&transport=polling&j=0", 400, 0],
  ["EIO=4&transport=websocket", 400, 3],
])("[S1] %s is answered with %i and code %i", async (query, status, code) => {
  const response = await poll(stage.url, query);
  expect([response.status, ((await response.json()) as { code: number }).code]).toEqual([
    status,
    code,
  ]);
  const upgrade = new RawSession(
    stage.url,
    query.replace("transport=polling", "transport=websocket"),
  );
  // Over WebSocket the last one is a good handshake.
  if (query !== "EIO=4&transport=websocket") {
    expect(await upgrade.closed()).toBe(true);
    expect(upgrade.refusal?.status).toBe(status);
    // Of a session that is not there the library says only so, in words.
    const said = code === 1 ? "Session ID unknown" : `{"code":${code},`;
    expect(upgrade.refusal?.body).toContain(said);
  }
  upgrade.socket.terminate();
});

test("[S1] methods and paths that are not the library's do not reach it", async () => {
  for (const method of ["PUT", "DELETE", "PATCH", "HEAD"]) {
    expect((await poll(stage.url, "EIO=4&transport=polling", { method })).status).toBe(405);
  }
  const post = await poll(stage.url, "EIO=4&transport=polling", { method: "POST", body: "40" });
  expect([post.status, await post.json()]).toEqual([
    400,
    { code: 2, message: "Bad handshake method" },
  ]);
  for (const path of ["/socket.io", "/socket.io/x", "/socket.io/socket.io.js", "//socket.io/"]) {
    const other = await fetch(`${stage.url}${path}?EIO=4&transport=polling`);
    expect(await other.text()).not.toMatch(/^0\{/);
  }
});

test("[S2] bodies that are too long, of another kind or never end are refused", async () => {
  const sid = await openPolling(stage.url);
  const query = `EIO=4&transport=polling&sid=${sid}`;
  const long = "4".repeat(limits.frameBytes + 1);
  expect((await poll(stage.url, query, { method: "POST", body: long })).status).toBe(413);

  const other = await openPolling(stage.url);
  const binary = await poll(stage.url, `EIO=4&transport=polling&sid=${other}`, {
    method: "POST",
    body: "40",
    headers: { "content-type": "application/octet-stream" },
  });
  expect(binary.status).toBe(400);

  // Without a length, a megabyte in pieces: answered long before its end.
  const third = await openPolling(stage.url);
  const status = await new Promise<number | undefined>((resolve) => {
    const endless = httpRequest(
      `${stage.url}/socket.io/?EIO=4&transport=polling&sid=${third}`,
      { method: "POST" },
      (response) => {
        resolve(response.statusCode);
        endless.destroy();
      },
    );
    endless.on("error", () => resolve(undefined));
    for (let piece = 0; piece < 20; piece += 1) endless.write("4".repeat(65_536));
  });
  expect(status).toBe(413);

  // A length that nobody can mean.
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(stage.server.port, "127.0.0.1", () => {
      socket.write(
        `POST /socket.io/?${query} HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n40`,
      );
    });
    socket.once("data", (chunk) => resolve(chunk.toString()));
    socket.on("error", () => {});
  });
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
});

test("[S3] two polls, or two posts, at once end the session", async () => {
  const sid = await openPolling(stage.url);
  const query = `EIO=4&transport=polling&sid=${sid}`;
  const first = poll(stage.url, query).catch(() => undefined);
  await sleep(50);
  expect((await poll(stage.url, query)).status).toBe(400);
  await first;
  expect((await poll(stage.url, query)).status).toBe(400);
});

test("[S4] `5` without a probe, and a second upgrade, do not take over a session", async () => {
  const sid = await openPolling(stage.url);
  const query = `EIO=4&transport=websocket&sid=${sid}`;
  const upgrade = new RawSession(stage.url, query);
  await new Promise((resolve) => upgrade.socket.once("open", resolve));
  const second = new RawSession(stage.url, query);
  expect(await second.closed()).toBe(true);
  upgrade.socket.send("40");
  expect(await upgrade.closed()).toBe(true);
  // The session goes on by polling.
  const polling = `EIO=4&transport=polling&sid=${sid}`;
  const auth = `40${JSON.stringify({ token: ann.token })}`;
  expect((await poll(stage.url, polling, { method: "POST", body: auth })).status).toBe(200);
  expect(await (await poll(stage.url, polling)).text()).toMatch(/^40\{"sid":/);
});

test("[S4] what is sent on both ways of an upgrade keeps its order, and nothing is lost", async () => {
  const reader = await stage.connect(bob, { transports: ["polling", "websocket"] });
  const sender = await stage.connect(ann, { transports: ["polling", "websocket"] });
  const from = turn * 1_000;
  for (let index = 0; index < 60; index += 1) {
    sender.socket.emit("message:send", { chatId: chat, content: `n${from + index}` });
    if (index % 10 === 0) await sleep(5);
  }
  await eventually(() => reader.contents().length >= 60);
  expect(reader.contents()).toEqual(Array.from({ length: 60 }, (_, index) => `n${from + index}`));
  reader.socket.disconnect();
  sender.socket.disconnect();
});

test.each([
  `45${"9".repeat(20)}-["a"]`,
  "45-1-[]",
  '451["a",{"_placeholder":true,"num":0}]',
  '450-["a"]',
  '4511-["a"]',
  "45",
  "48",
  "4x",
  "4",
  "42{}",
  '42"x"',
  "42[",
  '42["connect"]',
  '42["disconnecting"]',
  '42["newListener"]',
  '42[{"toString":1}]',
  "42[true]",
  "x",
  "",
  "2probe",
])("[S5] [S7] %j is a parse error that ends its connection, and only that", async (frame) => {
  const session = await joined();
  session.socket.send(frame);
  // What the parser lets pass is ignored.
  if (!(await session.closed(500))) {
    session.socket.send(`421${JSON.stringify(["typing:stop", { chatId: chat }])}`);
    expect(await session.starting("431")).toContain('"ok":true');
    session.socket.terminate();
  }
});

test.each(['42["__proto__"]', "42[1]", '42["toString",{}]', '42["error"]', "42[]", "42"])(
  "[S7] %s is answered or ignored",
  async (frame) => {
    const session = await joined();
    session.socket.send(frame);
    await sleep(50);
    if (!session.isClosed) {
      session.socket.send(`421${JSON.stringify(["typing:stop", { chatId: chat }])}`);
      expect(await session.starting("431")).toContain('"ok":true');
    }
    session.socket.terminate();
  },
);

test.each([-1, 99, 1.5, '"splice"', null, "{}"])(
  "[S6] an attachment placed at %s ends its connection, and only that",
  async (num) => {
    const session = await joined();
    session.socket.send(`451-["message:send",{"content":{"_placeholder":true,"num":${num}}}]`);
    session.socket.send(Buffer.from("x"));
    // 1.5 is nothing, in the place of the bytes.
    if (num !== 1.5) expect(await session.closed()).toBe(true);
    session.socket.terminate();
  },
);

test("[S6] ten thousand levels around an attachment, and one attachment in two places", async () => {
  const session = await joined();
  const place = '{"_placeholder":true,"num":0}';
  session.socket.send(`451-["a",${"[".repeat(10_000)}${place}${"]".repeat(10_000)}]`);
  session.socket.send(Buffer.from("x"));
  await sleep(50);
  session.socket.terminate();
  const other = await joined();
  other.socket.send(`4511-["message:send",{"chatId":${place},"content":${place}}]`);
  expect(await other.closed()).toBe(true);
  const third = await joined();
  third.socket.send(`451-7["message:send",{"chatId":${place},"content":${place}}]`);
  third.socket.send(Buffer.from("x"));
  expect(await third.starting("437")).toContain('"code":"bad_request"');
  third.socket.terminate();
});

test("[S5] an attachment that does not come in five seconds, or is none, ends its connection", async () => {
  const text = await joined();
  text.socket.send('451-["a",{"_placeholder":true,"num":0}]');
  text.socket.send('42["a"]');
  expect(await text.closed(1_000)).toBe(true);
  const alone = await joined();
  alone.socket.send(Buffer.from("x"));
  expect(await alone.closed(1_000)).toBe(true);
  const waiting = await joined();
  waiting.socket.send('451-["a",{"_placeholder":true,"num":0}]');
  const from = Date.now();
  expect(await waiting.closed()).toBe(true);
  expect(Date.now() - from).toBeGreaterThan(4_500);
  expect(Date.now() - from).toBeLessThan(7_000);
});

/** Ann comes in on a session that is open already, and what she says there is taken and told once. */
async function comesInAndSays(session: RawSession, content: string): Promise<void> {
  session.socket.send(`40${JSON.stringify({ token: ann.token })}`);
  await session.starting("40{");
  session.socket.send(`421${JSON.stringify(["message:send", { chatId: chat, content }])}`);
  expect(await session.starting("431")).toContain(content);
  await bystander.until("message:new", (message) => message["content"] === content);
  expect(bystander.contents().filter((other) => other === content)).toHaveLength(1);
}

test.each([
  ["an event", ['42["message:send",{"chatId":"general","content":"early"}]'], "44{"],
  ["an event that wants an answer", ['427["typing:stop",{}]'], "44{"],
  ["an event of a namespace that is not there", ['42/admin,["dance"]'], "44/admin,{"],
  ["an event of a name that objects have", ['42/__proto__,["dance"]'], "44/__proto__,{"],
  ["an event with bytes", ['451-["a",{"_placeholder":true,"num":0}]', Buffer.from("x")], "44{"],
])(
  "[S8] %s before its namespace is answered, and the connection kept",
  async (_, early, answer) => {
    const session = await RawSession.open(stage.url);
    for (const frame of early) session.socket.send(frame);
    const refusal = await session.starting(answer);
    expect(JSON.parse(refusal.slice(refusal.indexOf("{")))).toEqual({
      message: "Sign in first.",
      data: { code: "unauthenticated", retry: "after_auth", text: "Sign in first." },
    });
    await comesInAndSays(session, `after ${early.length} ${answer}`);
    expect(session.frames.filter((frame) => String(frame).startsWith("44"))).toHaveLength(1);
    session.socket.terminate();
  },
);

test("[S8] an event before its namespace is answered by polling too", async () => {
  const query = `EIO=4&transport=polling&sid=${await openPolling(stage.url)}`;
  const event = '42["typing:stop",{}]';
  expect((await poll(stage.url, query, { method: "POST", body: event })).status).toBe(200);
  expect(await (await poll(stage.url, query)).text()).toMatch(/^44\{"message":"Sign in first\."/);
  const auth = `40${JSON.stringify({ token: ann.token })}`;
  expect((await poll(stage.url, query, { method: "POST", body: auth })).status).toBe(200);
  expect(await (await poll(stage.url, query)).text()).toMatch(/^40\{"sid":/);
});

test("[S8] [J10] twenty events in a row before their namespace end the connection, the last one answered", async () => {
  const early = '42["dance"]';
  const session = await RawSession.open(stage.url);
  for (let index = 0; index < limits.badFramesInARow - 1; index += 1) session.socket.send(early);
  await eventually(() => session.frames.length === limits.badFramesInARow);
  // Coming in ends the row.
  await comesInAndSays(session, "in between");
  const other = '42/admin,["dance"]';
  for (let index = 0; index < limits.badFramesInARow - 1; index += 1) session.socket.send(other);
  session.socket.send(`422${JSON.stringify(["typing:stop", { chatId: chat }])}`);
  expect(await session.starting("432")).toContain('"ok":true');
  const answers = (): number =>
    session.frames.filter((frame) => String(frame).startsWith("44/admin,{")).length;
  expect(answers()).toBe(limits.badFramesInARow - 1);
  for (let index = 0; index < 10_000; index += 1) session.socket.send(other);
  expect(await session.closed()).toBe(true);
  expect(answers()).toBe(2 * limits.badFramesInARow - 1);
});

test("[S8] [S9] an acknowledgement before its namespace is ignored", async () => {
  const session = await RawSession.open(stage.url);
  session.socket.send('437["x"]');
  session.socket.send('461-7[{"_placeholder":true,"num":0}]');
  session.socket.send(Buffer.from("x"));
  await comesInAndSays(session, "after an acknowledgement of nothing");
  expect(session.frames.filter((frame) => String(frame).startsWith("44"))).toEqual([]);
  session.socket.terminate();
});

test("[S8] what comes behind a goodbye is ignored, and the client may come in again", async () => {
  const session = await joined();
  session.socket.send("41");
  session.socket.send('42["typing:stop",{}]');
  session.socket.send("41");
  session.socket.send("6");
  await sleep(50);
  session.frames.length = 0;
  await comesInAndSays(session, "in again");
  expect(session.frames.filter((frame) => String(frame).startsWith("44"))).toEqual([]);
  session.socket.terminate();
});

test("[S8] namespaces that are not there are refused, ten thousand of them too, and the connection kept", async () => {
  const session = await RawSession.open(stage.url);
  for (const name of ["/admin", "/__proto__", "/constructor", `/${"x".repeat(1_000)}`]) {
    session.socket.send(`40${name},`);
    expect(await session.starting(`44${name},`)).toContain("Invalid namespace");
  }
  for (let index = 0; index < 10_000; index += 1) session.socket.send(`40/n${index},`);
  await session.starting("44/n9999,");
  await comesInAndSays(session, "after ten thousand");
  session.socket.terminate();
});

test("[S8] a namespace asked for many times at once is one connection", async () => {
  const session = await RawSession.open(stage.url);
  const auth = `40${JSON.stringify({ token: ann.token })}`;
  for (let index = 0; index < 50; index += 1) session.socket.send(auth);
  await session.starting('40{"sid"');
  await sleep(200);
  const connects = session.frames.filter((frame) => String(frame).startsWith("40{"));
  expect(connects).toHaveLength(1);
  session.socket.terminate();
});

test.each(["439007199254740992[1]", "43-1[1]", "430[]", '431["x"]', "43"])(
  "[S9] the acknowledgement %s that nobody asked for is ignored",
  async (frame) => {
    const session = await joined();
    session.socket.send(frame);
    await sleep(50);
    if (!session.isClosed) {
      session.socket.send(`421${JSON.stringify(["typing:stop", { chatId: chat }])}`);
      expect(await session.starting("431")).toContain('"ok":true');
    }
    session.socket.terminate();
  },
);

test("[S10] a peer that does not answer pings is ended after both times", async () => {
  const session = await joined();
  session.answersPings = false;
  const from = Date.now();
  expect(await session.closed(12_000)).toBe(true);
  // 3 s until the ping, 3 s for its answer.
  expect(Date.now() - from).toBeGreaterThan(5_500);
  expect(Date.now() - from).toBeLessThan(9_000);
});

test("[I-26] floods of one client do not hold up another", async () => {
  const probe = await stage.connect(ann);
  const floods: (readonly [string, () => Promise<void>])[] = [
    [
      "events by WebSocket",
      async () => {
        const asks = ["message:send", "typing:stop"].map(
          (name) => `42${JSON.stringify([name, { chatId: chat }])}`,
        );
        await floodFromOutside(stage.url, ann.token, asks);
      },
    ],
    [
      "packets by polling that are never fetched",
      async () => {
        const sid = await openPolling(stage.url);
        const query = `EIO=4&transport=polling&sid=${sid}`;
        const auth = `40${JSON.stringify({ token: ann.token })}`;
        await poll(stage.url, query, { method: "POST", body: auth });
        const ask = `421${JSON.stringify(["typing:stop", { chatId: chat }])}`;
        const body = Array.from({ length: 1_900 }, () => ask).join("\u001e");
        for (let index = 0; index < 40; index += 1) {
          const { status } = await poll(stage.url, query, { method: "POST", body });
          if (status !== 200) break;
        }
      },
    ],
    [
      "20,000 packets in one request",
      async () => {
        const sid = await openPolling(stage.url);
        const body = Array.from({ length: 20_000 }, () => "6").join("\u001e");
        const query = `EIO=4&transport=polling&sid=${sid}`;
        await poll(stage.url, query, { method: "POST", body }).catch(() => undefined);
      },
    ],
    [
      "half a thousand handshakes",
      async () => {
        // Not all at once: the probe is in the same process, and would wait for its own requests.
        for (let round = 0; round < 50; round += 1) {
          await Promise.all(Array.from({ length: 10 }, () => openPolling(stage.url)));
        }
      },
    ],
  ];
  /** Milliseconds of each acknowledgement until something is over. */
  const timesUntil = async (over: Promise<unknown>): Promise<readonly number[]> => {
    let isOver = false;
    void over.finally(() => {
      isOver = true;
    });
    const times: number[] = [];
    while (!isOver) {
      const from = performance.now();
      await probe.ask("message:send", { chatId: chat, content: "probe" });
      times.push(performance.now() - from);
      await sleep(20);
    }
    return times.toSorted((one, other) => one - other);
  };
  for (const [name, flood] of floods) {
    const times = await timesUntil(flood());
    // Held up would be seconds. How fast it is on a quiet machine is not for a test to tell.
    const median = times[Math.floor(times.length / 2)] ?? Number.POSITIVE_INFINITY;
    expect([name, median < 1_000 ? "not held up" : `${median} ms`]).toEqual([name, "not held up"]);
  }
  expect(probe.disconnects).toEqual([]);
  probe.socket.disconnect();
}, 60_000);
