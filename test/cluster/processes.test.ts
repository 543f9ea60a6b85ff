/** One machine, several processes: one port, one log, and whichever of them dies, nobody loses anything. */

import { EventStreamReader } from "@parlance/testkit/event-stream";
import { describeWith } from "@parlance/testkit/services";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProcessesScene, rooms } from "./processes-scene.ts";

const minutes = 60_000;

describe("three processes on SQLite", () => {
  let scene: ProcessesScene;
  beforeAll(async () => {
    scene = await ProcessesScene.start("sqlite", 3);
    await scene.settle(12);
  }, 2 * minutes);
  afterAll(() => scene.close());

  test("clients of the one port are spread over the workers", async () => {
    const { workers, each } = await scene.connections();
    expect(workers).toEqual(new Set([1, 2, 3]));
    expect(each.reduce((sum, count) => sum + count, 0)).toBe(12);
    // Twelve on one of three would be one in 177,147.
    expect(each.length).toBeGreaterThan(1);
  });

  test("[I-19] presence and typing go from process to process", async () => {
    const watcher = scene.add("watcher");
    await watcher.start();
    await watcher.watch("lobby", true);
    await scene.until(
      "everybody is seen",
      () => watcher.present.get("lobby")?.size === scene.clients.length,
    );
    // Of twelve on three workers some are not on the watcher's.
    for (const client of scene.clients)
      await client.ask({ type: "typing", room: "lobby", active: true });
    const heard = (): number =>
      new Set(
        watcher.history.entries.flatMap((entry) =>
          entry.kind === "ephemeral" && entry.type === "typing" ? [entry.user] : [],
        ),
      ).size;
    await scene.until("everybody's typing is heard", () => heard() >= 12);
  });

  test(
    "[I-1] [I-2] [I-3] [F-N1] [F-N2] [F-N9] whoever is killed under load, nothing is lost, doubled or reordered",
    async () => {
      scene.talk();
      await scene.moreAcks(100);
      for (const [index, victim] of scene.workers().slice(0, 2).entries()) {
        await scene.fault(`F-N${index + 1}`, `worker ${victim.number} is killed`, async () => {
          process.kill(victim.pid, "SIGKILL");
          await scene.moreAcks(50);
          await scene.whole();
        });
        const next = scene.workers();
        expect(new Set(next.map(({ number }) => number))).toEqual(new Set([1, 2, 3]));
        expect(next.map(({ pid }) => pid)).not.toContain(victim.pid);
      }
      const before = scene.workers().map(({ pid }) => pid);
      await scene.fault("F-N9", "the primary is killed", async () => {
        await scene.node.kill();
        await scene.until("the workers end themselves", () => scene.living(before).length === 0);
        await scene.node.start();
        await scene.whole();
      });
      await scene.moreAcks(100);
      const { violations, lacking, result } = await scene.decide({
        acks: 300,
        deliveries: 3_000,
        resumes: 12,
        faults: 3,
      });
      expect({ violations, lacking, result }).toEqual({
        violations: [],
        lacking: [],
        result: "passed",
      });
    },
    4 * minutes,
  );

  test(
    "[I-24] SIGTERM drains all of them, exit code 0",
    async () => {
      const pids = scene.workers().map(({ pid }) => pid);
      expect(pids.length).toBe(3);
      for (const room of rooms) scene.clients[0]?.writer.publish(room);
      const from = performance.now();
      expect(await scene.node.stop()).toBe(0);
      expect(scene.living(pids)).toEqual([]);
      // No line was cut: each got a Close frame that says to come back. Later ones are attempts to do so.
      const codes = scene.clients.map(({ history }) => {
        const end = history.entries.find(({ kind, at }) => kind === "offline" && at > from);
        return end?.kind === "offline" ? end.code : undefined;
      });
      expect(codes.filter((code) => code !== 1012 && code !== 1001)).toEqual([]);
    },
    minutes,
  );
});

describe("other wires behind the shared port", () => {
  let scene: ProcessesScene;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    scene = await ProcessesScene.start("sqlite", 3);
  }, 2 * minutes);
  afterAll(async () => {
    for (const socket of sockets) socket.disconnect();
    await scene.close();
  });

  async function comeIn(user: string, transports: readonly string[]): Promise<Socket> {
    const socket = io(scene.node.url, {
      auth: { token: scene.cluster.token(user) },
      transports: [...transports],
      forceNew: true,
    });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    });
    return socket;
  }

  async function chatOf(users: readonly string[]): Promise<string> {
    const [owner = "", ...others] = users;
    const { cluster, node } = scene;
    const body = { kind: "private", title: "Chat" };
    const token = cluster.token(owner);
    const { room } = await cluster.rest<{ room: string }>(node, "POST", "/rooms", token, body);
    for (const user of others) {
      // Somebody who was never here cannot be a member.
      await cluster.rest(node, "GET", "/rooms", cluster.token(user));
      await cluster.rest(node, "PUT", `/rooms/${room}/members/${user}`, token, { role: "member" });
    }
    return room;
  }

  test.each([
    ["polling only", ["polling"]],
    ["polling and then an upgrade", ["polling", "websocket"]],
    ["WebSocket only", ["websocket"]],
  ])(
    "[S1] twenty stock Socket.IO clients with %s hear each other in one order",
    async (name, transports) => {
      const users = Array.from(
        { length: 20 },
        (_, index) => `${name.slice(0, 3)}${name.length}-${index}`,
      );
      const room = await chatOf(users);
      const clients = await Promise.all(users.map((user) => comeIn(user, transports)));
      const owners = new Set(clients.map(({ io: { engine } }) => engine.id?.split(".", 1)[0]));
      expect(owners).toEqual(new Set(["w1", "w2", "w3"]));
      const heard = clients.map((client) => {
        const contents: string[] = [];
        client.on("message:new", ({ content }: { content: string }) => void contents.push(content));
        return contents;
      });
      const ends: string[] = [];
      for (const client of clients) client.on("disconnect", (reason) => void ends.push(reason));
      await Promise.all(
        clients.map(async (client, index) => {
          for (const turn of [1, 2]) {
            const content = `${index} says ${turn}`;
            const payload = { chatId: room, content };
            const answer: unknown = await client
              .timeout(20_000)
              .emitWithAck("message:send", payload);
            expect(answer).toMatchObject({ ok: true });
          }
        }),
      );
      await scene.until("all is heard", () => heard.every(({ length }) => length >= 40));
      const [first] = heard;
      for (const contents of heard) expect(contents).toEqual(first);
      expect(new Set(first).size).toBe(40);
      expect(ends).toEqual([]);
      const now = new Set(clients.map(({ io: { engine } }) => engine.transport.name));
      expect([...now]).toEqual([transports.at(-1)]);
    },
    minutes,
  );

  test(
    "[S1] polls of one session find their worker from any connection, and a foreign session is refused",
    async () => {
      const ask = (query: string): Promise<Response> =>
        fetch(`${scene.node.url}/socket.io/?EIO=4&transport=polling${query}`, {
          // A connection for each, so a worker of the kernel's choice.
          headers: { connection: "close" },
        });
      const opened = await (await ask("")).text();
      const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
      for (let turn = 0; turn < 12; turn += 1) {
        const post = await fetch(
          `${scene.node.url}/socket.io/?EIO=4&transport=polling&sid=${encodeURIComponent(sid)}`,
          { method: "POST", body: "3", headers: { connection: "close" } },
        );
        expect([turn, post.status, await post.text()]).toEqual([turn, 200, "ok"]);
      }
      for (const stranger of ["w1.none", "w2.none", "w3.none", "w4.none", "w9999.none", "none"]) {
        const answer = await ask(`&sid=${stranger}`);
        expect([stranger, answer.status, await answer.json()]).toEqual([
          stranger,
          400,
          { code: 1, message: "Session ID unknown" },
        ]);
      }
    },
    minutes,
  );

  test(
    "[I-23] Socket.IO clients of a killed worker come back to another and go on",
    async () => {
      const users = Array.from({ length: 8 }, (_, index) => `back-${index}`);
      const room = await chatOf(users);
      const clients = await Promise.all(users.map((user) => comeIn(user, ["polling"])));
      const numberOf = ({ io: { engine } }: Socket): string | undefined =>
        engine.id?.split(".", 1)[0];
      const first = numberOf(clients[0] as Socket);
      const victim = scene.workers().find(({ number }) => first === `w${number}`);
      const own = clients.filter((client) => numberOf(client) === first);
      const heard = clients.map((client) => {
        const contents: string[] = [];
        client.on("message:new", ({ content }: { content: string }) => void contents.push(content));
        return contents;
      });
      const say = (client: Socket | undefined, content: string): unknown =>
        client?.timeout(20_000).emitWithAck("message:send", { chatId: room, content });
      // Who was told nothing yet has no place to go on from.
      expect(await say(clients[0], "hello")).toMatchObject({ ok: true });
      await scene.until("hello is heard", () => heard.every(({ length }) => length >= 1));
      const gone = new Set<Socket>();
      for (const client of own) client.once("disconnect", () => gone.add(client));
      process.kill(victim?.pid ?? 0, "SIGKILL");
      await scene.until("their lines are lost", () => gone.size === own.length);
      // By somebody whose line was not there before: polls of those who stayed may have gone by way of the dead worker.
      const speaker = await comeIn("back-0", ["websocket"]);
      expect(await say(speaker, "while you were away")).toMatchObject({ ok: true });
      await scene.until("all are back", () => clients.every(({ connected }) => connected));
      expect(await say(clients[0], "welcome back")).toMatchObject({ ok: true });
      await scene.until("all is heard", () => heard.every((all) => all.at(-1) === "welcome back"));
      for (const [index, contents] of heard.entries()) {
        const missed = "while you were away";
        const all = ["hello", missed, "welcome back"];
        // Whose place was not stored before the kill begins anew, and is given no more than what comes.
        const isNew = own.includes(clients[index] as Socket) && !contents.includes(missed);
        expect(contents).toEqual(isNew ? ["hello", "welcome back"] : all);
      }
      await scene.whole();
    },
    2 * minutes,
  );

  test(
    "[I-28] event streams on any worker hear what REST says on any other",
    async () => {
      const { cluster, node } = scene;
      const token = cluster.token("p-streamer");
      const streams = await Promise.all(
        Array.from({ length: 6 }, () =>
          EventStreamReader.open(`${node.url}/rooms/lobby/events`, {
            authorization: `Bearer ${token}`,
          }),
        ),
      );
      // Each begins where the room was when it was answered.
      await scene.until("all streams have begun", () =>
        streams.every(({ events }) => events.some(({ event }) => event === "subscribed")),
      );
      for (let turn = 0; turn < 10; turn += 1) {
        await cluster.rest(node, "POST", "/rooms/lobby/messages", token, { text: `line ${turn}` });
      }
      // As objects: a worker that read an event from the log has its fields in another order.
      const bodies = (stream: EventStreamReader): { data: { text: string } }[] =>
        stream.events.flatMap(({ event, data }) =>
          event === "message.created" ? [data as { data: { text: string } }] : [],
        );
      await scene.until("all streams have all", () =>
        streams.every((one) => bodies(one).length >= 10),
      );
      const [first] = streams;
      for (const stream of streams) {
        expect(bodies(stream)).toEqual(first && bodies(first));
        expect(bodies(stream).map(({ data }) => data.text)).toEqual(
          Array.from({ length: 10 }, (_, turn) => `line ${turn}`),
        );
        stream.close();
      }
    },
    minutes,
  );
});

describeWith("postgresql")("two processes on PostgreSQL", () => {
  let scene: ProcessesScene;
  beforeAll(async () => {
    scene = await ProcessesScene.start("postgresql", 2);
    await scene.settle(8);
  }, 2 * minutes);
  afterAll(() => scene.close());

  test(
    "[F-N1] [I-24] a worker is killed under load, then all are stopped: nothing is lost",
    async () => {
      scene.talk();
      await scene.moreAcks(50);
      const [victim] = scene.workers();
      await scene.fault("F-N1", "a worker is killed", async () => {
        process.kill(victim?.pid ?? 0, "SIGKILL");
        await scene.moreAcks(50);
        await scene.whole();
      });
      const verdict = await scene.decide({ acks: 100, deliveries: 700, resumes: 1, faults: 1 });
      expect([verdict.violations, verdict.lacking]).toEqual([[], []]);
      expect(await scene.node.stop()).toBe(0);
    },
    2 * minutes,
  );
});
