/** Several servers as their operators have them: one chat on three of them, and two installs in one database. */
import { Cluster, RecordingClient, readEverything } from "@parlance/testkit/cluster";
import { Random } from "@parlance/testkit/simulation";
import { afterEach, describe, expect } from "vitest";
import { parlance } from "../e2e/command-line.ts";
import { until } from "../e2e/dialects/line.ts";
import { SymfonySpeaker } from "../e2e/dialects/socket-speakers.ts";
import { oneRoom, secret } from "../e2e/dialects/speaker.ts";
import { requires } from "../requirements.ts";

const timeoutMs = 120_000;
const pollMs = 2_000;

const clusters: Cluster[] = [];
afterEach(async () => {
  // The one that owns the database goes last.
  for (const cluster of clusters.splice(0).reverse()) await cluster.remove();
});

describe("SC-01", () => {
  requires("mariadb")(
    "[SC-01] whoever asks one of three servers learns which live, and which does not any more",
    async () => {
      const cluster = await Cluster.start({ engine: "mariadb", broker: "none", secret });
      clusters.push(cluster);
      const [first, second, third] = cluster.nodes;
      if (first === undefined || second === undefined || third === undefined) {
        throw new Error("three nodes");
      }
      const tab = new SymfonySpeaker(second.process, "tab");
      await tab.open();
      type Listed = { readonly url: string; readonly connections: number };
      const listed = async (): Promise<readonly Listed[]> => {
        const { dataDir } = first.process;
        const args = ["status", "--json", "--data-dir", dataDir];
        const { out } = await parlance(args, { PARLANCE_SECRET: secret });
        return (JSON.parse(out) as { readonly nodes: readonly Listed[] }).nodes;
      };
      const patience = { timeout: 30_000, interval: 500 };
      await expect
        .poll(async () => (await listed()).map(({ url }) => url).sort(), patience)
        .toEqual(cluster.nodes.map(({ url }) => url).sort());
      await expect
        .poll(
          async () => (await listed()).find(({ url }) => url === second.url)?.connections,
          patience,
        )
        .toBe(1);
      await third.kill();
      await second.stop();
      await expect
        .poll(async () => (await listed()).map(({ url }) => url), patience)
        .toEqual([first.url]);
      tab.cut();
    },
    timeoutMs,
  );
});

describe("SC-14", () => {
  requires("postgresql", "rabbitmq")(
    "[SC-02] [SC-14] tabs on three servers see each message, also while RabbitMQ is away, and after it is back",
    async () => {
      const cluster = await Cluster.start({
        engine: "postgresql",
        broker: "rabbitmq",
        secret,
        environment: { ...oneRoom, PARLANCE_POLL_MS: String(pollMs) },
      });
      clusters.push(cluster);
      const tabs = cluster.nodes.map(
        (node, index) => new SymfonySpeaker(node.process, `tab${index}`),
      );
      await Promise.all(tabs.map((tab) => tab.open()));
      const said: string[] = [];
      const everybodySays = async (when: string): Promise<void> => {
        for (const [index, tab] of tabs.entries()) {
          const text = `${when}, says tab ${index}`;
          said.push(text);
          await tab.say(text);
        }
        for (const tab of tabs) {
          await until(() => tab.heard.length >= said.length, `a tab to hear ${said.length}`);
        }
      };
      await everybodySays("with RabbitMQ");
      await Promise.all(cluster.nodes.map(async ({ brokerLine }) => brokerLine?.refuse()));
      for (const node of cluster.nodes) {
        await node.until(({ components }) => components["broker"] === "down");
      }
      const from = performance.now();
      await everybodySays("without RabbitMQ");
      // Each text waits for the next look into the log, on the slowest node.
      expect(performance.now() - from).toBeLessThan(3 * (pollMs + 5_000));
      await Promise.all(cluster.nodes.map(async ({ brokerLine }) => brokerLine?.pass()));
      for (const node of cluster.nodes) await node.until(({ status }) => status === "ready");
      await everybodySays("with RabbitMQ again");
      for (const tab of tabs) {
        expect([...tab.heard].sort()).toEqual([...said].sort());
        expect(tab.heard).toEqual(tabs[0]?.heard);
        tab.cut();
      }
    },
    timeoutMs,
  );
});

describe.each([
  ["postgresql", "redis"],
  ["postgresql", "nats"],
  ["mariadb", "rabbitmq"],
] as const)("two installs on one %s and one %s", (engine, broker) => {
  requires(engine, broker)(
    "[MMB-20] in a database of an unusual name, told apart by their prefixes: neither sees the other",
    async () => {
      const databaseName = `Parlance-Cluster Test-${process.pid}`;
      const common = { engine, broker, nodes: 2 } as const;
      const one = await Cluster.start({ ...common, databaseName, prefix: "One-" });
      clusters.push(one);
      const two = await Cluster.start({ ...common, besides: one.database, prefix: "Two_Ab" });
      clusters.push(two);
      const people = [one, two].map((cluster, install) =>
        cluster.nodes.map((node, index) => {
          const user = `p-${install}-${index}`;
          return new RecordingClient({
            name: user,
            user,
            token: () => cluster.token(user),
            doors: [node],
            random: new Random(install * 10 + index),
          });
        }),
      );
      const everybody = people.flat();
      try {
        await Promise.all(everybody.map((client) => client.start()));
        await Promise.all(everybody.map((client) => client.watch("lobby", true)));
        for (let count = 0; count < 10; count += 1) {
          for (const { writer } of everybody) writer.publish("lobby");
        }
        for (const clients of people) {
          for (const client of clients) {
            await until(() => client.placeIn("lobby")?.offset === 20, `${client.name} to have 20`);
            const delivered = client.history.entries.flatMap((entry) =>
              entry.kind === "delivered" ? [entry.author] : [],
            );
            const own = clients.map(({ user }) => user);
            expect([...new Set(delivered)].sort()).toEqual(own);
            await until(
              () => client.present.get("lobby")?.size === own.length,
              `${client.name} to see who is there`,
            );
          }
        }
        // A user of one install is nobody in the other, and its token worth nothing.
        const [node] = two.nodes;
        const token = one.token("p-0-0");
        const answer = await fetch(`${node?.url}/api/v1/me`, {
          headers: { authorization: `Bearer ${token}` },
        });
        expect(answer.status).toBe(401);
        for (const [install, cluster] of [one, two].entries()) {
          const { rows } = await readEverything(cluster.database);
          const authors = new Set(
            rows.filter(({ room }) => room === "lobby").map(({ author }) => author),
          );
          expect([...authors].sort()).toEqual(people[install]?.map(({ user }) => user));
        }
      } finally {
        for (const client of everybody) client.stop();
      }
    },
    timeoutMs,
  );
});
