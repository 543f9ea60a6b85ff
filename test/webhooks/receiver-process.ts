/**
 * A receiver of webhooks as an application runs one: a process of its own, which writes down what it got and syncs that before it says
 * so. Whatever it was killed in the middle of was not acknowledged.
 */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

const [port = "0", path = ""] = process.argv.slice(2);
const file = openSync(path, "a");

const server = createServer((request, response) => {
  void text(request).then((body) => {
    writeSync(file, `${body}\n`);
    fsyncSync(file);
    response.writeHead(204).end();
  });
});
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
process.on("SIGTERM", () => {
  server.close(() => closeSync(file));
  server.closeAllConnections();
});
