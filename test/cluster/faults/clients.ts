/** F-C: what happens between clients and nodes. */
import type { RecordingClient } from "@parlance/testkit/cluster";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { pause, type Scene } from "../scene.ts";
import type { FaultKind } from "./kinds.ts";

const someAcks = 25;
/** T_ping + T_pong of the nodes here, and the room for their timers. */
const noticedMs = 2_000 + 10_000 + 3_000;

/** A client whose line to one node is ours to break. */
async function behindProxy(
  scene: Scene,
  name: string,
  patience?: { readonly openMs: number; readonly askMs: number; readonly giveUpMs: number },
): Promise<{ client: RecordingClient; line: TcpProxy }> {
  const node = scene.pickNode();
  const line = await TcpProxy.open({ host: "127.0.0.1", port: node.process.port });
  const door = { name: `${node.name} by proxy`, socketUrl: `ws://127.0.0.1:${line.port}/ws` };
  const client = scene.people.add(`${name}-${scene.faults.length}`, {
    doors: [door],
    ...(patience === undefined ? {} : { patience }),
  });
  await client.start();
  await client.watch("lobby");
  await client.watch("plaza");
  return { client, line };
}

/** At the end it has everything, over whichever line. */
async function catchesUp(scene: Scene, client: RecordingClient): Promise<void> {
  const heads = new Map(
    ["lobby", "plaza"].map((room) => [
      room,
      Math.max(...scene.people.writers.map((writer) => writer.placeIn(room)?.offset ?? 0)),
    ]),
  );
  await scene.converges("I-12", `${client.name} has what was there`, 15_000, () =>
    [...heads].every(([room, head]) => (client.placeIn(room)?.offset ?? 0) >= head),
  );
}

/** What stays of it is the run's to look at: it goes on without the proxy's faults. */
async function letGo(client: RecordingClient, line: TcpProxy): Promise<void> {
  client.leaveCleanly();
  await pause(50);
  await line.close();
}

async function connectionsOf(scene: Scene): Promise<number> {
  let sum = 0;
  const key = scene.cluster.token("p-writer-1");
  for (const node of scene.cluster.nodes) {
    void key;
    sum += (await node.readiness()).status === "unreachable" ? 0 : 1;
  }
  return sum;
}

export const clientFaults: readonly FaultKind[] = [
  {
    id: "F-C1",
    name: "slow reader",
    inject: (scene) =>
      scene.fault("F-C1", "one reads 4 KiB/s, one nothing at all", async () => {
        const patience = { openMs: 5_000, askMs: 60_000, giveUpMs: 120_000 };
        const slow = await behindProxy(scene, "slow", patience);
        const stuck = await behindProxy(scene, "stuck", patience);
        slow.line.throttle(4_096, "toClient");
        stuck.line.blackHole("toClient");
        const loud = scene.people.writers[0];
        for (let index = 0; index < (scene.isLong ? 200 : 40); index += 1) {
          loud?.writer.publish("plaza", "y".repeat(12_000));
        }
        const from = performance.now();
        await scene.moreAcks(someAcks * 2);
        const afterMs = performance.now() - from;
        const what = "others are acknowledged meanwhile";
        scene.convergences.push({ invariant: "F-C1", what, allowedMs: 8_000, afterMs });
        await scene.lastingMs(500, 70_000);
        await slow.line.pass();
        await stuck.line.pass();
        await catchesUp(scene, slow.client);
        await catchesUp(scene, stuck.client);
        await letGo(slow.client, slow.line);
        await letGo(stuck.client, stuck.line);
      }),
  },
  {
    id: "F-C2",
    name: "half-open",
    inject: (scene) =>
      scene.fault("F-C2", "a client's line falls silent", async () => {
        const { client, line } = await behindProxy(scene, "frozen");
        await scene.moreAcks(5);
        line.blackHole();
        const from = performance.now();
        // By its own watchdog; the node by its pings.
        await scene.until("the client gives up", () => !client.isOnline, noticedMs);
        const allowedMs = 4_000;
        const afterMs = performance.now() - from;
        scene.convergences.push({ invariant: "F-C2", what: "given up", allowedMs, afterMs });
        await line.refuse();
        await line.pass();
        await scene.until("the client is back", () => client.isLive);
        await catchesUp(scene, client);
        await letGo(client, line);
      }),
  },
  {
    id: "F-C3",
    name: "ends at any byte",
    inject: (scene) =>
      scene.fault("F-C3", "RST, FIN and half-close in the middle of frames", async () => {
        const { client, line } = await behindProxy(scene, "torn");
        const times = scene.isLong ? 60 : 12;
        for (let time = 0; time < times; time += 1) {
          let left = scene.random.between(1, 160);
          line.inspector = (connection) => ({
            toServer: (bytes, send) => {
              const part = bytes.subarray(0, left);
              left -= part.length;
              send(part);
              if (left > 0) return;
              const way = scene.random.pick(["rst", "fin", "half"] as const);
              if (way === "half") line.halfClose("toServer");
              else connection.cut(way);
            },
          });
          line.cut();
          await scene.until("it was torn", () => left <= 0, 10_000);
        }
        line.inspector = undefined;
        line.cut();
        await scene.until("the client is back", () => client.isLive);
        await catchesUp(scene, client);
        await letGo(client, line);
        const alive = await connectionsOf(scene);
        scene.must("F-C3", `${alive} nodes live`, alive === scene.cluster.nodes.length);
      }),
  },
  {
    id: "F-C4",
    name: "storm",
    inject: (scene) => {
      const count = scene.isLong ? 3_000 : 150;
      return scene.fault("F-C4", `${count} clients come back at once`, async () => {
        const crowd = Array.from({ length: count }, (_, index) =>
          scene.people.add(`crowd-${scene.faults.length}-${index}`, {
            user: `p-crowd-${index % 50}`,
            patience: { openMs: 30_000, askMs: 30_000, giveUpMs: 60_000 },
          }),
        );
        for (let from = 0; from < count; from += 50) {
          const some = crowd.slice(from, from + 50);
          await Promise.all(some.map((client) => client.start()));
          await Promise.all(some.map((client) => client.watch("plaza")));
        }
        const from = performance.now();
        for (const client of crowd) client.drop();
        await scene.converges(
          "F-C4",
          "all are back",
          60_000,
          () => crowd.every(({ isLive }) => isLive),
          from,
        );
        await scene.moreAcks(someAcks);
        for (const client of crowd) client.leaveCleanly();
        await scene.until("the crowd is gone", () => crowd.every(({ isOnline }) => !isOnline));
      });
    },
  },
];
