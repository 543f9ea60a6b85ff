// Receives webhooks of Parlance. PARLANCE_WEBHOOK_SECRET is what `parlance webhook create` printed.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

const secret = process.env.PARLANCE_WEBHOOK_SECRET ?? "";
/** The same id comes again where an answer was lost. An application keeps them where it keeps what it does for them. */
const done = new Set();

function isGenuine(signature, body) {
  const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature ?? "") ?? [];
  if (mac === undefined || Math.abs(Date.now() / 1000 - Number(time)) > 300) return false;
  const expected = createHmac("sha256", secret).update(`${time}.${body}`).digest();
  return timingSafeEqual(expected, Buffer.from(mac, "hex"));
}

async function receive(request, response) {
  const body = await text(request);
  if (!isGenuine(request.headers["parlance-signature"], body)) {
    response.writeHead(401).end();
    return;
  }
  for (const event of JSON.parse(body).events) {
    if (done.has(event.id)) continue;
    done.add(event.id);
    console.log(event.id, event.type, event.data?.text ?? "");
  }
  response.writeHead(204).end();
}

const server = createServer((request, response) => void receive(request, response));
server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => console.log("listening"));
