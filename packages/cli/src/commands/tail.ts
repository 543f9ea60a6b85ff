import { type Client, createClient, type EventFrame } from "@parlance/client";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import { CommandFailure, printable, say } from "../output.ts";
import { ask, serverUrl, signed } from "../running.ts";

const tokenLifeSeconds = 300;
const maxLast = 200;

export function tailCommand(): Command {
  const command = new Command("tail")
    .description("Show what was said last in a room, and what is said there.")
    .argument("<room>")
    .option("-n, --lines <count>", `how many events before the present, 0-${maxLast}`, "20")
    .option("-f, --follow", "go on until Ctrl+C, through restarts of the server")
    .action(tail);
  return withExample(
    addInstallFlags(command),
    "parlance tail general -f",
    "parlance tail general -n 5 --json",
  );
}

async function tail(room: string, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const last = wholeNumber(options, "lines", [0, maxLast], "tail");
  const isJson = options["json"] === true;
  const show = (frame: EventFrame): void => {
    if (isJson) process.stdout.write(`${JSON.stringify(frame)}\n`);
    else say(readable(frame));
  };
  if ((await ask(config, "/health")) === undefined) {
    throw new CommandFailure(`No server answers at ${serverUrl(config)}.`);
  }
  const client = createClient({
    url: `${serverUrl(config)}/ws`,
    // Asked for again at each connection: a long look outlives its first one.
    token: () =>
      signed(config, {
        user: "service:parlance-cli",
        ttlSeconds: tokenLifeSeconds,
        scopes: ["read"],
      }),
  });
  try {
    const ended = endOf(client, room);
    await Promise.race([client.connect(), ended]);
    if (options["follow"] !== true) {
      if (last === 0) return;
      const { events } = await client.room(room).history({ limit: last });
      for (const frame of events) show(frame);
      return;
    }
    const followed = client.room(room);
    followed.on("event", show);
    followed.on("reset", () =>
      note("The room's log began anew: what was shown is of another life of it."),
    );
    client.on("state", ({ status }) => {
      if (status === "waiting")
        note("The server is away; what is said meanwhile is shown when it is back.");
    });
    await followed.subscribe({ last });
    await ended;
  } catch (error) {
    if (error instanceof Error && error.name === "ClientError") {
      throw new CommandFailure(`${room}: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    client.close();
  }
}

/** Rejects when nothing more will be shown. */
function endOf(client: Client, room: string): Promise<never> {
  return new Promise((_, reject) => {
    client.on("state", (state) => {
      if (state.status !== "closed" || state.error === undefined) return;
      reject(new CommandFailure(`The server ended this: ${state.error.message}`));
    });
    client.room(room).on("unsubscribed", ({ code }) => {
      reject(new CommandFailure(`${room} cannot be read any more (${code}).`));
    });
  });
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** `42 12:30:05 Ada: the text`; of other events their type and what they carry. */
function readable(frame: EventFrame): string {
  const clock = new Date(frame.time).toTimeString().slice(0, 8);
  const start = `${frame.sequence} ${clock}`;
  if (!("data" in frame)) return `${start} ${frame.author} ${frame.type} (erased)`;
  if (frame.type === "message.created") {
    const {
      text,
      author_name: name,
      data,
    } = frame.data as {
      readonly text: string;
      readonly author_name: string;
      readonly data?: object;
    };
    const more = data === undefined ? "" : ` ${JSON.stringify(data)}`;
    return printable(`${start} ${name}: ${text}${more}`);
  }
  return printable(`${start} ${frame.author} ${frame.type} ${JSON.stringify(frame.data)}`);
}
