/** Who came and who left, as applications are told, on real servers that are killed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "@parlance/client";
import { Cluster } from "@parlance/testkit/cluster";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { secret } from "../e2e/dialects/speaker.ts";
import { requires } from "../requirements.ts";
import { makeWebhook, ReceiverProcess } from "./scene.ts";

const timeoutMs = 180_000;
const patient = { timeout: 90_000, interval: 250 };

let directory: string;
let receiver: ReceiverProcess;
const clients: Client[] = [];
const ends: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-presence-"));
  receiver = await ReceiverProcess.start(directory);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const end of ends.splice(0)) await end();
  await receiver.kill();
  rmSync(directory, { recursive: true, force: true });
});

async function comeIn(url: string, name: string, room: string): Promise<Client> {
  const client = createClient({ url, guest: { name } });
  clients.push(client);
  const subscribed = client.room(room).subscribe({ last: 0 });
  await client.connect();
  await subscribed;
  return client;
}

/** What was told of a room, in its order: the type, and who. */
function told(room: string): readonly string[] {
  const seen = new Set<string>();
  return receiver.events().flatMap((event) => {
    if (event.room !== room || seen.has(event.id)) return [];
    seen.add(event.id);
    const name = event.user?.name;
    return [name === undefined ? event.type : `${event.type} ${name}`];
  });
}

test(
  "[WEB-9] who was on a server that was killed is told to have left, once, and who came back is not",
  async () => {
    const server = new ServerProcess(await freePort(), join(directory, "data"), {
      PARLANCE_LOG_LEVEL: "warn",
    });
    ends.push(() => server.kill());
    await server.start();
    const wanted = ["--name", "presence", "--event", "presence.*,room.empty"];
    await makeWebhook(server, receiver.url, wanted);
    const ada = await comeIn(server.socketUrl, "Ada", "hall");
    await comeIn(server.socketUrl, "Bob", "hall");
    await expect
      .poll(() => told("hall").toSorted(), patient)
      .toEqual(["presence.joined Ada", "presence.joined Bob"]);
    // Ada is gone when it is killed; Bob's page comes back by itself.
    await server.kill();
    ada.close();
    await server.start();
    await expect.poll(() => told("hall").slice(2), patient).toEqual(["presence.left Ada"]);
    await server.kill();
    await server.start();
    const bob = clients[1];
    await expect.poll(() => bob?.state.status, patient).toBe("online");
    bob?.close();
    await expect
      .poll(() => told("hall").slice(2), patient)
      .toEqual(["presence.left Ada", "presence.left Bob", "room.empty"]);
  },
  timeoutMs,
);

requires("postgresql")(
  "[WEB-4] [WEB-9] on two nodes one delivers for both, another takes over when it is killed, and its people have left",
  async () => {
    const cluster = await Cluster.make({ engine: "postgresql", broker: "none", nodes: 2, secret });
    ends.push(() => cluster.remove());
    for (const node of cluster.nodes) await node.start();
    const [first, second] = cluster.nodes;
    if (first === undefined || second === undefined) throw new Error("two nodes");
    const environment = { PARLANCE_SECRET: secret };
    await makeWebhook(first.process, receiver.url, ["--name", "fleet"], environment);
    await comeIn(first.process.socketUrl, "Ada", "hall");
    const bob = await comeIn(second.process.socketUrl, "Bob", "hall");
    const texts: string[] = [];
    const say = async (text: string): Promise<void> => {
      await bob.room("hall").publish(text).done;
      texts.push(text);
    };
    for (let n = 0; n < 10; n += 1) await say(`before ${n}`);
    const received = () => {
      const seen = new Set<string>();
      return receiver.events().flatMap(({ id, type, data }) => {
        if (type !== "message.created" || seen.has(id)) return [];
        seen.add(id);
        return [data?.text];
      });
    };
    await expect.poll(received, patient).toEqual(texts);
    await expect.poll(() => told("hall"), patient).toContain("presence.joined Ada");
    await first.kill();
    for (let n = 0; n < 10; n += 1) await say(`after ${n}`);
    await expect.poll(received, patient).toEqual(texts);
    await expect.poll(() => told("hall"), patient).toContain("presence.left Ada");
    expect(told("hall").filter((one) => one === "presence.left Ada")).toHaveLength(1);
    expect(told("hall")).not.toContain("presence.left Bob");
  },
  timeoutMs,
);
