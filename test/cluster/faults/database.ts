/** F-D: what happens between nodes and the database. */
import type { ClusterNode, Readiness } from "@parlance/testkit/cluster";
import { pause, type Scene } from "../scene.ts";
import type { FaultKind } from "./kinds.ts";

const servers = ["postgresql", "mariadb"] as const;
const someAcks = 25;
/** F-D1: a send is answered, with `later`, in this time. */
const answeredMs = 2_000;
const backMs = 15_000;
const wantedCuts = 4;

const isServing = ({ status }: Readiness): boolean => status === "ready" || status === "degraded";

async function serves(scene: Scene): Promise<void> {
  for (const node of scene.cluster.nodes) {
    await scene.converges("F-D", `${node.name} is ready again`, backMs, async () =>
      isServing(await node.readiness()),
    );
  }
}

/** What was told `later` since then took no longer than it may; and that there was some. */
function deferralsInTime(scene: Scene, from: number, least: number): void {
  const told = scene.people.clients.flatMap(({ history }) =>
    history.entries.flatMap((entry) =>
      entry.kind === "deferred" && entry.at >= from ? [entry.afterMs] : [],
    ),
  );
  const slowest = Math.max(0, ...told);
  const what = `the slowest of ${told.length} refusals`;
  scene.convergences.push({ invariant: "F-D1", what, allowedMs: answeredMs, afterMs: slowest });
  scene.must("I-30", `${told.length} sends were told later`, told.length >= least);
}

/**
 * Ends the next connections of a node that say COMMIT: before the server hears it, or after, before it can answer.
 * Nobody can tell which it was.
 */
function cutAtCommit(scene: Scene, node: ClusterNode, cuts: { left: number; done: number }): void {
  const line = node.databaseLine;
  if (line === undefined) return;
  line.inspector = (connection) => ({
    toServer: (bytes, send) => {
      const isCommit = cuts.left > 0 && /commit/i.test(bytes.toString("latin1"));
      if (!isCommit) {
        send(bytes);
        return;
      }
      cuts.left -= 1;
      cuts.done += 1;
      if (scene.random.chance(0.5)) {
        connection.cut();
        return;
      }
      connection.hold("toClient");
      send(bytes);
      setTimeout(() => connection.cut(), 30);
    },
  });
}

export const databaseFaults: readonly FaultKind[] = [
  {
    id: "F-D1",
    name: "down",
    engines: servers,
    inject: (scene) =>
      scene.fault("F-D1", "no node reaches the database", async () => {
        const from = performance.now();
        const nodes = scene.cluster.nodes;
        await Promise.all(nodes.map(async (node) => node.databaseLine?.refuse()));
        await scene.converges("F-D", "nodes tell that they are not ready", 5_000, async () => {
          const all = await Promise.all(nodes.map((node) => node.readiness()));
          return all.every(({ status }) => status === "unavailable");
        });
        const alive = await Promise.all(nodes.map((node) => fetch(`${node.url}/health`)));
        scene.must(
          "F-D",
          "nodes are alive without it",
          alive.every(({ ok }) => ok),
        );
        await scene.lastingMs(1_500, 10_000);
        await Promise.all(nodes.map(async (node) => node.databaseLine?.pass()));
        await serves(scene);
        await scene.moreAcks(someAcks);
        deferralsInTime(scene, from, 3);
      }),
  },
  {
    id: "F-D1",
    name: "silent",
    engines: servers,
    inject: (scene) =>
      scene.fault("F-D1", "one node hears nothing of the database", async () => {
        const from = performance.now();
        const node = scene.pickNode();
        node.databaseLine?.blackHole();
        await scene.lastingMs(3_500, 20_000);
        await node.databaseLine?.pass();
        await serves(scene);
        await scene.moreAcks(someAcks);
        deferralsInTime(scene, from, 0);
      }),
  },
  {
    id: "F-D2",
    name: "cut at COMMIT",
    engines: servers,
    inject: (scene) =>
      scene.fault("F-D2", "connections cut while COMMIT is on its way", async () => {
        const cuts = { left: scene.isLong ? wantedCuts * 5 : wantedCuts, done: 0 };
        const wanted = cuts.left;
        // Only what is opened from now on is looked into.
        for (const node of scene.cluster.nodes) {
          cutAtCommit(scene, node, cuts);
          node.databaseLine?.cut();
        }
        await scene.until("enough commits were cut", () => cuts.done >= wanted);
        for (const { databaseLine } of scene.cluster.nodes) {
          if (databaseLine !== undefined) databaseLine.inspector = undefined;
        }
        await serves(scene);
        await scene.moreAcks(someAcks);
      }),
  },
  {
    id: "F-D6",
    name: "locks and deadlocks",
    engines: servers,
    inject: (scene) =>
      scene.fault("F-D6", "somebody else locks rooms, in the wrong order", async () => {
        const { database } = scene.cluster;
        const rooms = ["plaza", "lobby", scene.people.secret].sort().reverse();
        const times = scene.isLong ? 20 : 4;
        let felt = 0;
        for (let time = 0; time < times; time += 1) {
          const session = await database.session();
          await session.query("BEGIN");
          try {
            for (const room of rooms) {
              await session.query(
                `SELECT head FROM ${database.table("rooms")} WHERE room = '${room}' FOR UPDATE`,
              );
              await pause(scene.random.between(50, 250));
            }
            if (scene.random.chance(0.5)) await pause(scene.random.between(200, 1_500));
            await session.query("ROLLBACK");
            felt += 1;
          } catch (error) {
            // The one that the engine sacrificed.
            if (/deadlock/i.test(String(error))) felt += 1;
          }
          await session.close();
        }
        scene.must("I-30", `${felt} of ${times} locks were felt`, felt === times);
        await scene.moreAcks(someAcks);
      }),
  },
  {
    id: "F-D7",
    name: "reads that never answer",
    engines: servers,
    /* There is no search yet: pages of a room's history that hang take its place. */
    inject: (scene) =>
      scene.fault("F-D7", "reads hold their connections for ever", async () => {
        const node = scene.pickNode();
        const line = node.databaseLine;
        if (line === undefined) return;
        const room = `archive-${scene.faults.length}`;
        const writer = scene.people.add(`busy-${scene.faults.length}`, { doors: [node] });
        await writer.start();
        writer.writer.publish(room);
        await scene.until("there is something to read", () => writer.writer.outstanding === 0);
        let held = 0;
        line.inspector = (connection) => ({
          toServer: (bytes, send) => {
            if (bytes.includes(room)) {
              held += 1;
              connection.hold("toClient");
            }
            send(bytes);
          },
        });
        line.cut();
        await serves(scene);
        const token = scene.cluster.token(writer.user);
        const path = `/rooms/${room}/messages?limit=5`;
        const pages = Array.from({ length: scene.isLong ? 24 : 6 }, () =>
          scene.cluster.rest(node, "GET", path, token).then(
            () => "answered",
            (error: unknown) => String(error).split(":").slice(2, 3).join(),
          ),
        );
        await scene.until("reads hold connections", () => held > 0, 10_000);
        const from = performance.now();
        writer.writer.publish("plaza");
        await scene.converges("F-D7", "a send passes by the reads", answeredMs, () => {
          return writer.writer.outstanding === 0;
        });
        const answers = await Promise.all(pages);
        const afterMs = performance.now() - from;
        const what = `${answers.length} reads end (${[...new Set(answers)].join()})`;
        scene.convergences.push({ invariant: "F-D7", what, allowedMs: 30_000, afterMs });
        line.inspector = undefined;
        line.cut();
        await serves(scene);
        await scene.moreAcks(someAcks);
      }),
  },
];
