import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { createPublisher, type Publication, PublishError } from "@parlance/publisher";
import { type Config, spoolDirectory } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { CommandFailure, say, sayJson, UsageFailure } from "../output.ts";
import { ask, refusal, serverUrl, signed } from "../running.ts";

const tokenLifeSeconds = 60;

type Result =
  | { readonly room: string; readonly sequence: number; readonly repeated?: boolean }
  | { readonly room: string; readonly error: { readonly text: string } };

export function publishCommand(): Command {
  const command = new Command("publish")
    .description("Publish a message as a back end does; into the spool if no server answers.")
    .argument("[text]", "what people read; - reads it from the standard input")
    .option("--room <room>", "to a room")
    .option("--user <id>", "to a user's inbox")
    .option("--everyone", "to everybody")
    .option("--data <json>", "an object for programs, beside the text or instead of it")
    .option("--from <id>", "the user who is shown as its author")
    .option("--key <key>", "the same key with the same content is stored once")
    .action(publish);
  return withExample(
    addInstallFlags(command),
    'parlance publish "The build is done" --room general',
    "make report | parlance publish - --user 42",
  );
}

async function publish(given: string | undefined, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const publication = await publicationOf(given, options);
  // Of the service that the spool's files are of too: where the answer is lost, one of both is stored.
  const token = await signed(config, {
    user: `service:${config.door_service}`,
    ttlSeconds: tokenLifeSeconds,
    scopes: publication.from === undefined ? ["publish"] : ["publish", "impersonate"],
  });
  const answer = await ask(config, "/api/v1/publish", {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(publication),
  });
  if (answer === undefined || answer.status >= 500) {
    await spool(config, publication, options);
    return;
  }
  if (answer.status >= 400) throw refusal(answer);
  if (options["json"] === true) {
    sayJson({ by: "http", ...(answer.body as object) });
    return;
  }
  for (const result of (answer.body as { readonly results: readonly Result[] }).results) {
    if ("error" in result) say(`${result.room}: ${result.error.text}`);
    else say(`${result.room} ${result.sequence}${result.repeated === true ? ", as before" : ""}`);
  }
}

async function spool(config: Config, publication: Publication, options: Options): Promise<void> {
  try {
    const directory = spoolDirectory(config);
    // The server's own place: made before its first start as it would make it.
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const report = await createPublisher({ spoolDirectory: directory }).publish(publication);
    if (options["json"] === true) sayJson(report);
    else
      say(`No server answers at ${serverUrl(config)}. It is in ${directory}, for its next start.`);
  } catch (error) {
    if (error instanceof PublishError) throw new CommandFailure(error.message, { cause: error });
    throw error;
  }
}

async function publicationOf(given: string | undefined, options: Options): Promise<Publication> {
  const room = optional(options, "room");
  const user = optional(options, "user");
  const key = optional(options, "key");
  const from = optional(options, "from");
  const isForAll = options["everyone"] === true;
  const targets = [room, user, isForAll ? "" : undefined].filter((target) => target !== undefined);
  if (targets.length !== 1) {
    throw new UsageFailure("name one target: --room ROOM, --user ID or --everyone", "publish");
  }
  const data = optional(options, "data");
  const text = given === "-" ? (await textOf(process.stdin)).trimEnd() : given;
  if (text === undefined && data === undefined) {
    throw new UsageFailure("give a text, or --data", "publish");
  }
  return {
    ...(room === undefined ? {} : { room }),
    ...(user === undefined ? {} : { user }),
    ...(isForAll ? { everyone: true } : {}),
    ...(text === undefined ? {} : { text }),
    ...(data === undefined ? {} : { data: objectOf(data) }),
    ...(from === undefined ? {} : { from }),
    idempotency_key: key ?? randomUUID(),
  } as Publication;
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Told below.
  }
  throw new UsageFailure("--data: a JSON object", "publish");
}

function optional(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}
