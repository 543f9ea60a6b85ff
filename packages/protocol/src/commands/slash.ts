/** Commands that people write with a slash, which an application answers; and what only one person sees. */
import { z } from "zod";
import {
  clientMessageId,
  commandId,
  line,
  messageData,
  messageText,
  roomId,
  userId,
} from "../fields.ts";
import type { ClientMessageId, RoomId, UserId } from "../ids.ts";
import type { JsonObject } from "../json-value.ts";
import { limits } from "../limits.ts";
import type { CommandId } from "./command-id.ts";
import type { Published } from "./writing.ts";

/** Something that one person alone sees in a room: in no log, and gone when the page is loaded anew. */
export interface OnlyYou {
  /** Opaque; new for each. */
  readonly id: string;
  readonly room: RoomId;
  readonly text: string;
  readonly data?: JsonObject;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly author: UserId;
  readonly author_name: string;
}

/** Tells somebody who reads a room something that nobody else sees, on all of their connections. For back ends. */
export interface TellOnlyYou {
  readonly type: "tell_only_you";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly user: UserId;
  readonly text: string;
  readonly data?: JsonObject;
}

/** A command as people find it. */
export interface SlashCommand {
  /** Without the slash: 1-32 of `a-z0-9_-`, the first a letter. */
  readonly name: string;
  /** What it does, one line. */
  readonly description: string;
  /** What is written behind the name, one line: `<city> [days]`. */
  readonly usage?: string;
  /** Whose it is: who answers in public. */
  readonly author: UserId;
  readonly author_name: string;
}

/** Offers a command to people, or describes it anew. For back ends, whose own it is then. */
export interface RegisterCommand {
  readonly type: "register_command";
  readonly id: CommandId;
  readonly name: string;
  readonly description: string;
  readonly usage?: string;
}

/** Offers it no longer. */
export interface RemoveCommand {
  readonly type: "remove_command";
  readonly id: CommandId;
  readonly name: string;
}

/** The commands of applications that can be given in a room. */
export interface ListCommands {
  readonly type: "list_commands";
  readonly id: CommandId;
  readonly room: RoomId;
}
export interface CommandList {
  readonly commands: readonly SlashCommand[];
}

/** Gives a command of an application. Where it may be written in the room. */
export interface RunCommand {
  readonly type: "run_command";
  readonly id: CommandId;
  readonly room: RoomId;
  readonly name: string;
  /** What stands behind the name; may be empty. */
  readonly text: string;
  /** Makes the application's answer in public safe to ask for again. */
  readonly client_message_id?: ClientMessageId;
}
export interface CommandRun {
  readonly room: RoomId;
  readonly name: string;
  /** What only the caller sees; told to all of the caller's connections as `own` too. */
  readonly only_you?: OnlyYou;
  /** Where the application's answer in public is. */
  readonly published?: Published;
}

/** Names that clients keep for what they do themselves. */
export const builtInCommands: readonly string[] = [
  "help",
  "me",
  "topic",
  "invite",
  "leave",
  "mute",
  "unmute",
  "poll",
  "away",
  "dnd",
  "status",
  "archive",
];

/** A command's name. */
export const commandName: z.ZodType<string> = z
  .string()
  .max(32)
  .regex(/^[a-z][a-z0-9_-]*$/);
/** What an application answers to a command. */
export interface CommandAnswer {
  readonly text?: string;
  readonly data?: JsonObject;
  readonly only_you?: string;
}
/** Its schema. Both may be there: something for all and something for one. */
export const commandAnswer: z.ZodType<CommandAnswer> = z.object({
  text: messageText.exactOptional(),
  data: messageData.exactOptional(),
  only_you: messageText.exactOptional(),
});

const described = {
  name: commandName,
  description: line(limits.commandDescriptionLength),
  usage: line(limits.commandDescriptionLength).exactOptional(),
};

/** Schema of what only one sees. */
export const onlyYou: z.ZodType<OnlyYou> = z.object({
  id: z.string(),
  room: roomId,
  text: z.string(),
  data: messageData.exactOptional(),
  time: z.iso.datetime(),
  author: userId,
  author_name: z.string(),
});

/** Schema of a command as people find it. */
export const slashCommand: z.ZodType<SlashCommand> = z.object({
  ...described,
  author: userId,
  author_name: z.string(),
});

export const tellOnlyYou: z.ZodType<TellOnlyYou> = z.object({
  type: z.literal("tell_only_you"),
  id: commandId,
  room: roomId,
  user: userId,
  text: messageText,
  data: messageData.exactOptional(),
});
export const registerCommand: z.ZodType<RegisterCommand> = z.object({
  type: z.literal("register_command"),
  id: commandId,
  ...described,
});
export const removeCommand: z.ZodType<RemoveCommand> = z.object({
  type: z.literal("remove_command"),
  id: commandId,
  name: commandName,
});
export const listCommands: z.ZodType<ListCommands> = z.object({
  type: z.literal("list_commands"),
  id: commandId,
  room: roomId,
});
export const runCommand: z.ZodType<RunCommand> = z.object({
  type: z.literal("run_command"),
  id: commandId,
  room: roomId,
  name: commandName,
  text: z.string().max(limits.commandTextLength),
  client_message_id: clientMessageId.exactOptional(),
});
