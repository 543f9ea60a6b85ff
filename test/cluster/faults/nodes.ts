/** F-N: what happens to node processes. */
import type { ClusterNode } from "@parlance/testkit/cluster";
import { pause, type Scene } from "../scene.ts";
import type { FaultKind } from "./kinds.ts";

/** Acknowledgements that show that the load goes on. */
const someAcks = 25;
/** I-23: clients of a node that is gone are back elsewhere, and the node when it is started again. */
const resumedMs = 5_000;
const readyMs = 10_000;
const rounds = 3;

/** I-23: everybody is connected again. */
async function clientsComeBack(scene: Scene, from: number): Promise<void> {
  const { writers } = scene.people;
  // They lose their lines on purpose now and then; what counts is that each was back once.
  const waiting = new Set(writers.filter(({ isOnline }) => !isOnline));
  await scene.converges(
    "I-23",
    "clients of a lost node resume elsewhere",
    resumedMs,
    () => {
      for (const writer of waiting) if (writer.isOnline) waiting.delete(writer);
      return waiting.size === 0;
    },
    from,
  );
}

async function startAgain(scene: Scene, node: ClusterNode): Promise<void> {
  const from = performance.now();
  await node.start();
  const afterMs = performance.now() - from;
  scene.convergences.push({ invariant: "I-23", what: "a start", allowedMs: readyMs, afterMs });
}

function crash(id: string, point: "before_commit" | "after_commit"): FaultKind {
  return {
    id,
    name: point,
    inject: (scene) =>
      scene.fault(id, `kill -9 at ${point}`, async () => {
        const node = scene.pickNode();
        await node.kill();
        await node.startToCrash(`${point}:${scene.random.between(3, 12)}`);
        // Somebody must be there for it to commit anything.
        for (const writer of scene.people.writers) {
          if (writer.door !== node && scene.random.chance(0.6)) writer.drop();
        }
        await scene.until(`${node.name} dies at ${point}`, () => {
          if (scene.random.chance(0.05)) scene.random.pick(scene.people.writers).drop();
          return node.process.isGone;
        });
        const goneAt = performance.now();
        await node.kill();
        await clientsComeBack(scene, goneAt);
        await startAgain(scene, node);
        await scene.moreAcks(someAcks);
      }),
  };
}

/** Sockets that a node held while it slept: whom it may not serve when it wakes. */
async function wakeUp(scene: Scene, node: ClusterNode, asleepMs: number): Promise<void> {
  const { people } = scene;
  const patience = { openMs: 2_000, askMs: 120_000, giveUpMs: 240_000 };
  const name = `sleeper-${scene.faults.length}`;
  const guest = await scene.cluster.rest<{ user: { id: string }; token: string }>(
    node,
    "POST",
    "/guests",
    undefined,
    { name },
  );
  const ended = people.add(name, {
    user: guest.user.id,
    token: () => guest.token,
    doors: [node],
    patience,
  });
  await ended.start();
  await ended.watch("lobby");
  node.pause();
  const pausedAt = performance.now();
  const others = scene.cluster.running;
  await scene.cluster.rest(
    scene.random.pick(others),
    "DELETE",
    "/sessions/current",
    ended.token() ?? "",
  );
  await scene.moreAcks(someAcks);
  await pause(Math.max(0, asleepMs - (performance.now() - pausedAt)));
  const heardBefore = ended.history.entries.length;
  node.resume();
  await scene.until("the sleeper's socket is closed", () => !ended.isOnline);
  const heard = ended.history.entries.slice(heardBefore).filter(({ kind }) => kind === "delivered");
  scene.must(
    "I-17",
    `${name} heard ${heard.length} events of a node that slept`,
    heard.length === 0,
  );
  people.revocations.push({ client: name, at: performance.now() });
}

export const nodeFaults: readonly FaultKind[] = [
  crash("F-N1", "before_commit"),
  crash("F-N2", "after_commit"),
  {
    id: "F-N3",
    name: "after commit, nothing more is said",
    inject: (scene) =>
      scene.fault("F-N3", "kill -9 between commit and announcement", async () => {
        const node = scene.pickNode();
        await node.kill();
        await node.startToCrash("after_commit:1");
        const writer = scene.people.add(`last-word-${scene.faults.length}`, { doors: [node] });
        await writer.start();
        writer.writer.publish("plaza");
        await scene.until("the node dies after its commit", () => {
          if (!node.process.isGone && scene.random.chance(0.05)) {
            scene.random.pick(scene.people.writers).drop();
          }
          return node.process.isGone;
        });
        await node.kill();
        await startAgain(scene, node);
        await scene.until("the last word is answered", () => writer.writer.outstanding === 0);
        await scene.moreAcks(someAcks);
      }),
  },
  {
    id: "F-N4",
    name: "any moment",
    inject: (scene) =>
      scene.fault("F-N4", "kill -9 at any moment", async () => {
        const node = scene.pickNode();
        await pause(scene.random.between(0, 300));
        const goneAt = performance.now();
        await node.kill();
        await clientsComeBack(scene, goneAt);
        await startAgain(scene, node);
        await scene.moreAcks(someAcks);
      }),
  },
  {
    id: "F-N5",
    name: "asleep",
    inject: (scene) => {
      /* The rules say 30 s. A test run has 12 s: more than the 4 s after which a node knows that it slept. */
      const asleepMs = scene.isLong ? 30_000 : 12_000;
      const what = `SIGSTOP for ${asleepMs} ms`;
      return scene.fault("F-N5", what, async () => {
        await wakeUp(scene, scene.pickNode(), asleepMs);
        await scene.moreAcks(someAcks);
      });
    },
  },
  {
    id: "F-N8",
    name: "rolling restart",
    inject: (scene) =>
      scene.fault("F-N8", "SIGTERM one after the other, three times", async () => {
        for (let round = 0; round < (scene.isLong ? rounds : 1); round += 1) {
          for (const node of scene.cluster.nodes) {
            const from = scene.people.clients.map(({ history }) => history.entries.length);
            const code = await node.stop();
            scene.must("I-24", `${node.name} ends with ${code}`, code === 0);
            const codes = scene.people.clients.flatMap(({ history }, index) =>
              history.entries
                .slice(from[index])
                .flatMap((entry) => (entry.kind === "offline" && !entry.byClient ? [entry] : [])),
            );
            // 1006 is for those who came when nobody listened any more.
            const odd = codes.filter(({ code: told }) => ![1_001, 1_006, 1_012].includes(told));
            scene.must(
              "I-24",
              `sent away with ${odd.map((one) => one.code).join()}`,
              odd.length === 0,
            );
            await startAgain(scene, node);
            await scene.moreAcks(someAcks);
          }
        }
      }),
  },
  {
    id: "F-N9",
    name: "all at once",
    inject: (scene) =>
      scene.fault("F-N9", "kill -9 of all nodes, cold start", async () => {
        await Promise.all(scene.cluster.nodes.map((node) => node.kill()));
        await Promise.all(scene.cluster.nodes.map((node) => startAgain(scene, node)));
        await scene.moreAcks(someAcks);
      }),
  },
];
