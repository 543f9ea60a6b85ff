import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { CommandFailure, say, sayJson, sayTable, UsageFailure } from "../output.ts";
import { type Answer, askAsOperator, serverUrl } from "../running.ts";

interface WebhookView {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly rooms: readonly string[];
  readonly created_at: string;
  readonly paused_because?: string;
  readonly last_success_at?: string;
  readonly last_error?: string;
  readonly last_error_at?: string;
}

interface IncomingView {
  readonly id: string;
  readonly name: string;
  readonly room: string;
  readonly revoked: boolean;
}

interface Status {
  readonly webhook: WebhookView;
  readonly lag: {
    readonly rooms: number;
    readonly events: number;
    readonly is_more: boolean;
    readonly oldest_at?: string;
  };
  readonly dead: number;
}

interface DeadView {
  readonly number: number;
  readonly type: string;
  readonly room?: string;
  readonly sequence?: number;
  readonly given_up_at: string;
  readonly reason: string;
}

/** As many as one answer of the server has. */
const maxDead = 200;

export function webhookCommand(): Command {
  const command = new Command("webhook").description(
    "Where the server tells applications what happens.",
  );
  const create = new Command("create")
    .description("Make a webhook; its secret, or the address of an incoming one, is printed once.")
    .requiredOption("--name <name>", "1-64 of a-z 0-9 _ . -")
    .option("--url <address>", "where the application listens")
    .option(
      "--event <types>",
      "types, or patterns such as message.*; several with commas; all if not given",
    )
    .option(
      "--room <names>",
      "rooms, or patterns such as ops-*; several with commas; all if not given",
    )
    .option(
      "--incoming",
      "the other way: an address that takes messages as Slack's do, for one --room",
    )
    .option(
      "--channel <names>",
      "incoming: rooms that a message may name instead; several with commas",
    )
    .option("--display-name <text>", "incoming: how people see its bot; its name if not given")
    .action(createWebhook);
  const list = new Command("list").description("List the webhooks.").action(listWebhooks);
  const one = (name: string, text: string) => new Command(name).description(text).argument("<id>");
  const show = one("show", "How far one is behind, and what went wrong last.").action(showWebhook);
  const pause = one("pause", "Stop delivering for now; nothing is lost.").action(
    act("pause", "Paused"),
  );
  const resume = one("resume", "Go on delivering.").action(act("resume", "Resumed"));
  const remove = one("delete", "Delete one with everything that waits for it.").action(
    deleteWebhook,
  );
  const test = one("test", "Send one event webhook.test now.").action(testWebhook);
  const dead = one("dead", "List what was given up.")
    .option("--after <number>", "begin above this number", "0")
    .action(listDead);
  const retry = one("retry", "Try once more what was given up.")
    .argument("[number]", "one of them; all if not given")
    .action(retryDead);
  const replay = one("replay", "Deliver again what follows a position.")
    .option("--room <name>", "in this room only")
    .option("--after <sequence>", "what follows this sequence of the room")
    .option("--since <time>", "what happened since, such as 2026-11-27T08:00:00Z")
    .action(replayWebhook);
  for (const sub of [create, list, show, pause, resume, remove, test, dead, retry, replay]) {
    command.addCommand(addInstallFlags(sub));
  }
  const id = "wh_4f1c0a9be2d37a56";
  const url = "https://a.example/";
  const outgoing = `parlance webhook create --name shop --url ${url}`;
  withExample(create, outgoing, "parlance webhook create --incoming --name ci --room builds");
  withExample(list, "parlance webhook list --json");
  withExample(retry, `parlance webhook retry ${id}`, `parlance webhook retry ${id} 17`);
  withExample(
    replay,
    `parlance webhook replay ${id} --room shop-1 --after 120`,
    `parlance webhook replay ${id} --since 2026-11-27T08:00:00Z`,
  );
  for (const sub of [show, pause, resume, remove, test, dead]) {
    withExample(sub, `parlance webhook ${sub.name()} ${id}`);
  }
  return withExample(command, outgoing, `parlance webhook show ${id}`);
}

/** Deliveries are a running server's, so there is nothing to be done without one. */
async function ask(
  options: Options,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<Answer> {
  const { config } = configFrom(options);
  const answer = await askAsOperator(config, method, `/webhooks${path}`, body);
  if (answer === undefined) throw noServer();
  return answer;
}

function noServer(): CommandFailure {
  return new CommandFailure("No server runs here. Webhooks need one: parlance start");
}

function of(id: string): string {
  return `/${encodeURIComponent(id)}`;
}

async function createIncoming(options: Options): Promise<void> {
  const { name, room, channel, displayName } = options;
  if (room === undefined) {
    throw new UsageFailure("an incoming webhook is for a room: give --room", "webhook create");
  }
  const { config } = configFrom(options);
  const answer = await askAsOperator(config, "POST", "/incoming", {
    name,
    room,
    ...(channel === undefined ? {} : { channels: listOf(channel) }),
    ...(displayName === undefined ? {} : { display_name: displayName }),
  });
  if (answer === undefined) throw noServer();
  const { incoming, path } = answer.body as { incoming: IncomingView; path: string };
  const url = `${config.public_url ?? serverUrl(config)}${path}`;
  if (options["json"] === true) sayJson({ incoming, url });
  else {
    say(`Made ${incoming.id}. Its address, which is not shown again:`);
    say(url);
  }
}

async function createWebhook(options: Options): Promise<void> {
  const { name, url, event, room } = options;
  if (options["incoming"] === true) return createIncoming(options);
  if (url === undefined) {
    throw new UsageFailure("give --url, or --incoming with --room", "webhook create");
  }
  const wanted = {
    name,
    url,
    ...(event === undefined ? {} : { events: listOf(event) }),
    ...(room === undefined ? {} : { rooms: listOf(room) }),
  };
  const { body } = await ask(options, "POST", "", wanted);
  const { webhook, secret } = body as { webhook: WebhookView; secret: string };
  if (options["json"] === true) sayJson({ webhook, secret });
  else {
    say(`Made ${webhook.id}. Its secret, which is not shown again:`);
    say(secret);
  }
}

function listOf(value: unknown): readonly string[] {
  return String(value)
    .split(",")
    .map((part) => part.trim());
}

async function listWebhooks(options: Options): Promise<void> {
  const { webhooks } = (await ask(options, "GET", "")).body as {
    webhooks: readonly WebhookView[];
  };
  const { config } = configFrom(options);
  const answer = await askAsOperator(config, "GET", "/incoming");
  const { incoming = [] } = (answer?.body ?? {}) as { incoming?: readonly IncomingView[] };
  if (options["json"] === true) {
    sayJson({ webhooks, incoming });
    return;
  }
  if (webhooks.length + incoming.length === 0) {
    say("No webhooks yet. parlance webhook create --help tells how.");
  }
  sayTable([
    ...webhooks.map((one) => [
      one.id,
      one.name,
      one.paused_because === undefined ? "" : "paused",
      one.url,
    ]),
    ...incoming.map((one) => [one.id, one.name, one.revoked ? "revoked" : "incoming", one.room]),
  ]);
}

async function showWebhook(id: string, options: Options): Promise<void> {
  const status = (await ask(options, "GET", of(id))).body as Status;
  if (options["json"] === true) {
    sayJson(status);
    return;
  }
  const { webhook, lag, dead } = status;
  const more = lag.is_more ? "at least " : "";
  const waiting =
    lag.events === 0
      ? "nothing"
      : `${more}${lag.events} events in ${lag.rooms} rooms, since ${lag.oldest_at ?? "?"}`;
  const error =
    webhook.last_error === undefined
      ? "none"
      : `the receiver ${webhook.last_error} (${webhook.last_error_at})`;
  sayTable([
    ["name", webhook.name],
    ["address", webhook.url],
    ["events", webhook.events.join(", ")],
    ["rooms", webhook.rooms.join(", ")],
    ["made", webhook.created_at],
    [
      "state",
      webhook.paused_because === undefined ? "delivers" : `paused: ${webhook.paused_because}`,
    ],
    ["waiting", waiting],
    ["given up", String(dead)],
    ["last success", webhook.last_success_at ?? "none"],
    ["last error", error],
  ]);
}

function act(action: "pause" | "resume", word: string) {
  return async (id: string, options: Options): Promise<void> => {
    await ask(options, "POST", `${of(id)}/${action}`, {});
    if (options["json"] === true) sayJson({ id, paused: action === "pause" });
    else say(`${word} ${id}.`);
  };
}

async function deleteWebhook(id: string, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const path = id.startsWith("wh_") ? `/webhooks${of(id)}` : `/keys${of(id)}`;
  if ((await askAsOperator(config, "DELETE", path)) === undefined) throw noServer();
  if (options["json"] === true) sayJson({ id, deleted: true });
  else say(`Deleted ${id}.`);
}

async function testWebhook(id: string, options: Options): Promise<void> {
  const result = (await ask(options, "POST", `${of(id)}/test`, {})).body as {
    taken: boolean;
    reason?: string;
  };
  if (options["json"] === true) sayJson(result);
  else if (result.taken) say("The receiver took it.");
  if (!result.taken) throw new CommandFailure(`The receiver ${result.reason}.`);
}

async function listDead(id: string, options: Options): Promise<void> {
  const after = wholeNumber(options["after"], "--after");
  const path = `${of(id)}/dead?after=${after}&limit=${maxDead}`;
  const { dead, next } = (await ask(options, "GET", path)).body as {
    dead: readonly DeadView[];
    next?: number;
  };
  if (options["json"] === true) {
    sayJson(dead);
    return;
  }
  if (dead.length === 0) say("Nothing was given up.");
  sayTable(
    dead.map((one) => [
      String(one.number),
      one.given_up_at,
      one.type,
      one.room ?? "",
      one.sequence === undefined ? "" : String(one.sequence),
      one.reason,
    ]),
  );
  if (next !== undefined) say(`More: --after ${next}`);
}

async function retryDead(id: string, number: string | undefined, options: Options): Promise<void> {
  const body = number === undefined ? {} : { number: wholeNumber(number, "number") };
  const { retried } = (await ask(options, "POST", `${of(id)}/dead/retry`, body)).body as {
    retried: number;
  };
  if (options["json"] === true) sayJson({ id, retried });
  else say(`Trying ${retried} again.`);
}

async function replayWebhook(id: string, options: Options): Promise<void> {
  const { room, after, since } = options;
  if ((after === undefined) === (since === undefined)) {
    throw new UsageFailure("give either --after or --since", "webhook replay");
  }
  if (after !== undefined && room === undefined) {
    throw new UsageFailure("--after is a sequence of one room: give --room too", "webhook replay");
  }
  const { rooms } = (
    await ask(options, "POST", `${of(id)}/replay`, {
      ...(room === undefined ? {} : { room }),
      ...(after === undefined ? {} : { after: wholeNumber(after, "--after") }),
      ...(since === undefined ? {} : { since: timeOf(String(since)) }),
    })
  ).body as { rooms: number };
  if (options["json"] === true) sayJson({ id, rooms });
  else say(rooms === 0 ? "Nothing had been delivered there yet." : `Replaying ${rooms} rooms.`);
}

function wholeNumber(given: unknown, what: string): number {
  const value = Number(given);
  if (!/^\d+$/.test(String(given)) || !Number.isSafeInteger(value)) {
    throw new UsageFailure(`${what}: a whole number`, "webhook");
  }
  return value;
}

function timeOf(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new UsageFailure("--since: a time", "webhook replay");
  return new Date(time).toISOString();
}
