/** F-B: what happens between nodes and the broker. */
import type { ClusterNode, MessageFaults, Readiness } from "@parlance/testkit/cluster";
import type { Scene } from "../scene.ts";
import type { FaultKind } from "./kinds.ts";

const someAcks = 25;
/** A node knows of a dead or silent broker after so long. */
const noticedMs = 15_000;
/** And that it is back. */
const backMs = 15_000;

const isDown = ({ status, components }: Readiness): boolean =>
  status === "degraded" && components["broker"] === "down";
const isUp = ({ status }: Readiness): boolean => status === "ready";

/** Notes whether a node tells the truth of its broker in time. */
async function tells(
  scene: Scene,
  node: ClusterNode,
  what: string,
  isSo: (readiness: Readiness) => boolean,
): Promise<void> {
  const allowedMs = what === "broker down" ? noticedMs : backMs;
  await scene.converges("F-B", `${node.name} tells: ${what}`, allowedMs, async () =>
    isSo(await node.readiness()),
  );
}

async function all(scene: Scene, act: (node: ClusterNode) => Promise<void>): Promise<void> {
  await Promise.all(scene.cluster.nodes.map(act));
}

async function away(node: ClusterNode): Promise<void> {
  await node.brokerLine?.refuse();
}

async function back(scene: Scene, node: ClusterNode): Promise<void> {
  await node.brokerLine?.pass();
  await tells(scene, node, "broker back", isUp);
}

/** Kick, sign-out and expiry within two seconds, whatever the broker does. */
async function endsAreNoticed(scene: Scene): Promise<void> {
  const { people } = scene;
  await people.addMortals({ lifeS: 3 });
  await people.putOut();
  await people.revokeGuest();
}

function messageFault(id: string, name: string, faults: Partial<MessageFaults>): FaultKind {
  const count = (scene: Scene): number =>
    scene.relays.reduce((sum, { counts }) => {
      const { lost, repeated, late, garbled } = counts;
      return sum + lost + repeated + late + garbled;
    }, 0);
  return {
    id,
    name,
    needsBroker: true,
    inject: (scene) =>
      scene.fault(id, name, async () => {
        const before = count(scene);
        for (const relay of scene.relays) Object.assign(relay.faults, faults);
        await scene.moreAcks(scene.isLong ? 600 : 80);
        const done = count(scene) - before;
        for (const relay of scene.relays) relay.heal();
        scene.must("I-30", `${name}: ${done} messages`, done >= 5);
      }),
  };
}

export const brokerFaults: readonly FaultKind[] = [
  {
    id: "F-B1",
    name: "down at the start",
    needsBroker: true,
    inject: (scene) =>
      scene.fault("F-B1", "broker down when the nodes start", async () => {
        await all(scene, away);
        await Promise.all(scene.cluster.nodes.map((node) => node.kill()));
        await Promise.all(scene.cluster.nodes.map((node) => node.start()));
        await all(scene, (node) => tells(scene, node, "broker down", isDown));
        await scene.moreAcks(someAcks);
        await endsAreNoticed(scene);
        await all(scene, (node) => back(scene, node));
        await scene.moreAcks(someAcks);
      }),
  },
  {
    id: "F-B2",
    name: "gone and back",
    needsBroker: true,
    inject: (scene) =>
      scene.fault("F-B2", "broker cut off and back under load, twice", async () => {
        for (let time = 0; time < 2; time += 1) {
          await all(scene, away);
          await scene.moreAcks(someAcks);
          if (time === 0) await endsAreNoticed(scene);
          await all(scene, (node) => back(scene, node));
        }
        await scene.moreAcks(someAcks);
      }),
  },
  ...(["both", "toServer", "toClient"] as const).map(
    (direction): FaultKind => ({
      id: "F-B3",
      name: `silent ${direction}`,
      needsBroker: true,
      inject: (scene) =>
        scene.fault("F-B3", `a node partitioned from the broker (${direction})`, async () => {
          const node = scene.pickNode();
          node.brokerLine?.blackHole(direction);
          await tells(scene, node, "broker down", isDown);
          await scene.moreAcks(someAcks);
          await scene.lastingMs(0, 45_000);
          await back(scene, node);
          await scene.moreAcks(someAcks);
        }),
    }),
  ),
  messageFault("F-B4", "each message three times", { repeated: 1 }),
  messageFault("F-B5", "a third of the messages late", { late: 0.33 }),
  messageFault("F-B6", "20 % of the messages lost", { lost: 0.2 }),
  messageFault("F-B7", "a third of the messages garbled", { garbled: 0.33 }),
  {
    id: "F-B8",
    name: "cut off as a slow subscriber",
    needsBroker: true,
    inject: (scene) =>
      scene.fault("F-B8", "a node's lines are ended while messages wait on them", async () => {
        const node = scene.pickNode();
        const line = node.brokerLine;
        line?.blackHole("toClient");
        await scene.moreAcks(someAcks * 2);
        // What the broker held for it is lost, as when it drops a subscriber for its full buffer.
        line?.cut();
        await line?.pass();
        await tells(scene, node, "broker back", isUp);
        await scene.moreAcks(someAcks);
      }),
  },
];
