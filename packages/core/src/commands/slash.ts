/** Commands that applications offer to people. */
import {
  builtInCommands,
  type ClientMessageId,
  type Command,
  type CommandAnswer,
  type CommandList,
  type CommandRun,
  commandAnswer,
  limits,
  ProtocolError,
  type Published,
  type RoomId,
  type SlashCommand,
} from "@parlance/protocol";
import { authorizeIn, openFor } from "../append.ts";
import { Pipelined } from "../outcome.ts";
import type { Identity, SlashRecord } from "../ports/index.ts";
import { matchesAny } from "../room-pattern.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { mustPublish, onlyFor } from "./only-you.ts";
import { publish } from "./publish.ts";
import { openToRead } from "./reading.ts";
import { askApplication, nobodyAnswers } from "./rpc.ts";

/** Offers a command. */
export async function registerCommand(
  context: CommandContext,
  command: Command<"register_command">,
): Promise<SlashCommand> {
  mustPublish(context);
  const { name, description, usage } = command;
  if (builtInCommands.includes(name)) throw new ProtocolError("conflict", { field: "name" });
  const { user: author, name: authorName, principal: owner, rooms } = context.identity;
  const record: SlashRecord = {
    name,
    owner,
    author,
    authorName,
    description,
    ...(usage === undefined ? {} : { usage }),
    ...(rooms === undefined ? {} : { rooms }),
  };
  const { directory } = context.services;
  const outcome = await directory.putSlashCommand(name, record, limits.slashCommands);
  if (outcome === "taken") throw new ProtocolError("conflict", { field: "name" });
  if (outcome === "full") throw new ProtocolError("conflict", { limit: limits.slashCommands });
  return wireCommand(record);
}

/** Offers it no longer: whose it is, and operators. */
export async function removeCommand(
  context: CommandContext,
  command: Command<"remove_command">,
): Promise<Record<string, never>> {
  mustPublish(context);
  const { principal, scopes } = context.identity;
  const owner = scopes?.includes("admin") === true ? undefined : principal;
  const isRemoved = await context.services.directory.removeSlashCommand(command.name, owner);
  if (!isRemoved) throw new ProtocolError("not_found");
  return {};
}

/** Commands of applications in a room that the caller reads. */
export async function listCommands(
  context: CommandContext,
  command: Command<"list_commands">,
): Promise<CommandList> {
  await openToRead(context, command.room);
  const all = await offeredIn(context, command.room);
  return { commands: all.map(wireCommand) };
}

/** None where nobody is there to answer. */
async function offeredIn({ services }: CommandContext, room: RoomId): Promise<SlashRecord[]> {
  if (services.hooks?.rpc === undefined) return [];
  const all = await services.directory.slashCommands();
  return all.filter(({ rooms }) => rooms === undefined || matchesAny(rooms, room));
}

function wireCommand({ name, description, usage, author, authorName }: SlashRecord): SlashCommand {
  return {
    name,
    description,
    ...(usage === undefined ? {} : { usage }),
    author,
    author_name: authorName,
  };
}

/** Gives a command of an application. What the connection asks for behind it does not wait. */
export function runCommand(
  context: CommandContext,
  command: Command<"run_command">,
): Pipelined<CommandRun> {
  if (context.identity.isAnonymous === true) throw new ProtocolError("unauthenticated");
  return new Pipelined(run(context, command));
}

async function run(context: CommandContext, command: Command<"run_command">): Promise<CommandRun> {
  const { room: id, name, text } = command;
  const room = await openFor(context, "write", id);
  await authorizeIn(context, "write", room);
  await mayEnter(context, room);
  const record = (await offeredIn(context, id)).find((offered) => offered.name === name);
  if (record === undefined) throw nobodyAnswers();
  const answer = answerOf(
    await askApplication(context, `command.${name}`, { room: id, name, text }),
  );
  // The room may have been closed to the caller while the application thought.
  await authorizeIn(context, "write", room);
  const { only_you: words } = answer;
  const by = { user: record.author, name: record.authorName };
  const published = await inPublic(context, command, record, answer);
  return {
    room: id,
    name,
    ...(words === undefined
      ? {}
      : { only_you: onlyFor(context, context.identity.user, id, { text: words }, by) }),
    ...(published === undefined ? {} : { published }),
  };
}

/** @throws ProtocolError `unavailable` for what is no answer to a command. */
function answerOf(value: unknown): CommandAnswer {
  const parsed = commandAnswer.safeParse(value ?? {});
  if (!parsed.success) throw new ProtocolError("unavailable");
  return parsed.data;
}

/* Security: as whoever offers the command and with its rights, which end where its key's rooms do. */
async function inPublic(
  context: CommandContext,
  { room, client_message_id: key }: Command<"run_command">,
  { author, authorName, owner, rooms }: SlashRecord,
  { text, data }: CommandAnswer,
): Promise<Published | undefined> {
  if (text === undefined) return undefined;
  const { ids } = context.services;
  // The owner's keys are one space for all who give the command.
  const own = key === undefined ? ids.event() : ids.digest(`${context.identity.principal} ${key}`);
  const identity: Identity = {
    user: author,
    name: authorName,
    kind: "service",
    principal: owner,
    scopes: ["publish"],
    ...(rooms === undefined ? {} : { rooms }),
  };
  const { done } = await publish(
    { services: context.services, identity, via: "command" },
    {
      type: "publish",
      id: 0,
      room,
      client_message_id: own.slice(0, 64) as string as ClientMessageId,
      text,
      ...(data === undefined ? {} : { data }),
    },
  );
  return done;
}
