/**
 * Two versions side by side, as in an upgrade that takes its time and one that is taken back. The other version is this
 * one with a larger schema and with more to say to its neighbours (`testkit/src/cluster/next-version.ts`).
 */
import { type ClusterNode, makeNextVersion, type NextVersion } from "@parlance/testkit/cluster";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { Scene } from "./scene.ts";

const timeoutMs = 180_000;
const someAcks = 40;

let next: NextVersion;
beforeAll(() => {
  next = makeNextVersion();
});
afterAll(() => next.remove());

async function versionOf(node: ClusterNode): Promise<string> {
  const answer = await fetch(`${node.url}/api/openapi.json`);
  return ((await answer.json()) as { readonly info: { readonly version: string } }).info.version;
}

/** Ends a node in good order and starts it with another program. */
async function change(node: ClusterNode, program: string | undefined): Promise<void> {
  expect(await node.stop()).toBe(0);
  node.process.program = program;
  await node.start();
}

describe("versions N and N+1 together", () => {
  for (const [engine, broker] of [
    ["postgresql", "redis"],
    ["mariadb", "rabbitmq"],
  ] as const) {
    requires(engine, broker)(
      `[F-N8] on ${engine} and ${broker}: upgraded one by one, an old one that starts beside new ones, and the way back`,
      async () => {
        const scene = await Scene.start({ engine, broker, seed: 8 });
        try {
          const [first, second, third] = scene.cluster.nodes;
          if (first === undefined || second === undefined || third === undefined) {
            throw new Error("three nodes are needed");
          }
          const old = await versionOf(first);
          await scene.moreAcks(someAcks);
          await scene.fault(
            "F-N8",
            "the first node becomes N+1 and changes the schema",
            async () => {
              await change(first, next.cli);
              expect(await versionOf(first)).toBe(next.version);
              await scene.moreAcks(someAcks);
            },
          );
          await scene.fault("F-N8", "an old node dies and starts again beside it", async () => {
            await second.kill();
            await second.start();
            expect(await versionOf(second)).toBe(old);
            await scene.moreAcks(someAcks);
          });
          await scene.fault("F-N8", "the others follow", async () => {
            for (const node of [second, third]) {
              await change(node, next.cli);
              await scene.moreAcks(someAcks);
            }
            const versions = await Promise.all(scene.cluster.nodes.map(versionOf));
            expect(new Set(versions)).toEqual(new Set([next.version]));
          });
          await scene.fault("F-N8", "two go back", async () => {
            for (const node of [third, first]) {
              await change(node, undefined);
              await scene.moreAcks(someAcks);
            }
            expect(await versionOf(first)).toBe(old);
          });
          const verdict = await scene.decide({
            acks: 200,
            deliveries: 600,
            resumes: 5,
            faults: 4,
          });
          expect(verdict).toMatchObject({ result: "passed", violations: [] });
        } finally {
          await scene.close();
        }
      },
      timeoutMs,
    );
  }
});
