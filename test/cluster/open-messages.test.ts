/** Messages that grow, written on one node and read on another, over each real broker. */
import {
  type Client,
  createClient,
  type GrowingText,
  type WebSocketConstructor,
} from "@parlance/client";
import { type BrokerName, Cluster } from "@parlance/testkit/cluster";
import { afterEach, expect } from "vitest";
import { requires } from "../requirements.ts";

const timeoutMs = 120_000;
/** Of several widths in UTF-8 and UTF-16, and what JSON and brokers escape. */
const pieces = Array.from({ length: 60 }, (_, n) => `${n} 漢字 👩‍🚀 "quo\\te"\r\n\u0001`);
const whole = pieces.join("");

interface Frame {
  readonly type: string;
  readonly at: number;
  readonly text: string;
}

/** A client's WebSocket, and every frame that went through it. */
function recorded(): { WebSocket: WebSocketConstructor; came: Frame[]; sent: Frame[] } {
  const came: Frame[] = [];
  const sent: Frame[] = [];
  class Recorded extends WebSocket {
    constructor(url: string) {
      super(url);
      this.addEventListener("message", ({ data }) => came.push(JSON.parse(String(data)) as Frame));
    }
    override send(text: string): void {
      sent.push(JSON.parse(text) as Frame);
      super.send(text);
    }
  }
  return { WebSocket: Recorded, came, sent };
}

const clients: Client[] = [];
let cluster: Cluster | undefined;
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await cluster?.remove();
}, timeoutMs);

for (const broker of ["redis", "rabbitmq", "nats"] as const satisfies readonly BrokerName[]) {
  requires("postgresql", broker)(
    `[OPEN-2] over ${broker} a text grows on the other node by its pieces, of which none is looked up`,
    async () => {
      // As rare as it may be: whoever waits for a look at what is stored waits for a minute.
      const environment = { PARLANCE_POLL_MS: "60000" };
      cluster = await Cluster.start({ engine: "postgresql", broker, nodes: 2, environment });
      const [first, second] = cluster.nodes;
      if (first === undefined || second === undefined) throw new Error("two nodes");
      const { WebSocket, came, sent } = recorded();
      const writer = createClient({ url: first.socketUrl, token: cluster.token("bot") });
      const reader = createClient({
        url: second.socketUrl,
        token: cluster.token("ann"),
        WebSocket,
      });
      clients.push(writer, reader);
      await Promise.all([writer.connect(), reader.connect()]);
      const texts: GrowingText[] = [];
      const room = reader.room("stream");
      room.on("text", (text) => void texts.push(text));
      await room.subscribe();
      const writing = writer.room("stream").open();
      for (const [n, piece] of pieces.entries()) {
        writing.append(piece);
        // The next one is written once this one was shown.
        const shown = pieces.slice(0, n + 1).join("");
        await expect.poll(() => texts.at(-1)?.text, { timeout: 20_000, interval: 5 }).toBe(shown);
      }
      const appended = came.filter(({ type, text }) => type === "message.appended" && text !== "");
      let length = 0;
      for (const { at, text } of appended) {
        expect(at).toBe(length);
        length += text.length;
      }
      expect(appended.map(({ text }) => text)).toEqual(pieces);
      expect(sent.filter(({ type }) => type === "get_message")).toEqual([]);
      expect(await writing.close()).toBe("done");
      await expect
        .poll(() => texts.at(-1), { timeout: 20_000 })
        .toMatchObject({ text: whole, open: false, reason: "done" });
    },
    timeoutMs,
  );
}
