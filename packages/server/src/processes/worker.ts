/** A worker's process: one node of the server, on a port that it shares. Started by the primary, and never without one. */
import { createLog } from "../log.ts";
import { type ParlanceServer, startServer } from "../start.ts";
import { describeStartFailure } from "../start-failure.ts";
import { supervise } from "../supervise.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

type First = ToWorker & { readonly type: "start" };

let running = 0;
let server: ParlanceServer | undefined;

process.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "start":
      void begin(message);
      return;
    case "running":
      running = message.running;
      return;
    case "ask":
      say({ type: "alive" });
      return;
    case "count":
      void tellCounted(message.question);
      return;
    case "drain":
      // Nobody is here yet.
      if (server === undefined) process.exit(0);
      server.close(message.drainMs).then(
        () => process.exit(0),
        () => process.exit(1),
      );
      return;
    default:
      message satisfies never;
  }
});
/* Also before it has begun. The store and the broker are the primary's: without it a worker could only refuse. */
process.once("disconnect", () => process.exit(1));

async function tellCounted(question: number): Promise<void> {
  const samples = (await server?.samples()) ?? {};
  say({ type: "counted", question, samples });
}

function say(message: FromWorker): void {
  // A primary that is gone ends this process.
  process.send?.(message, () => {});
}

async function begin({ config, place }: First): Promise<void> {
  const log = createLog(config, undefined, place.number);
  process.title = `parlance worker ${place.number}`;
  running = place.of;
  try {
    server = await startServer(config, { log, worker: { ...place, running: () => running } });
  } catch (error) {
    const lines = describeStartFailure(error, config);
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.flush();
    const failed: FromWorker = { type: "failed", error: text, ...(lines && { lines }) };
    process.send?.(failed, () => process.exit(1));
    return;
  }
  supervise(server, config, log);
  process.prependOnceListener("disconnect", () => {
    log.report("warn", "primary_gone", {});
    log.flush();
    process.exit(1);
  });
  const { url, publicUrl, endpoints } = server;
  const ready: FromWorker = { type: "ready", url, publicUrl, endpoints };
  process.send?.(ready);
}
