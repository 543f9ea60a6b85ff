/** What rooms and clients do about polls, slash commands and what only one person sees. */
import type {
  ClientMessageId,
  CommandRun,
  EventId,
  JsonObject,
  OnlyYou,
  PollClosed,
  SlashCommand,
  Voted,
} from "@parlance/protocol";

/** A room's polls and commands. */
export interface RoomAsking {
  /** Chooses in a poll instead of what was chosen before, by places in its options; nothing takes the vote back. */
  vote(messageId: EventId, choices: readonly number[]): Promise<Voted>;
  /** Ends a poll. */
  closePoll(messageId: EventId): Promise<PollClosed>;
  /** The commands that applications offer here. */
  commands(): Promise<readonly SlashCommand[]>;
  /** Gives one of them. @param options With a key the same again is answered in public once. */
  runCommand(
    name: string,
    text?: string,
    options?: { readonly clientMessageId?: ClientMessageId },
  ): Promise<CommandRun>;
  /** For back ends: tells one reader what nobody else sees. */
  tellOnlyYou(user: string, text: string, data?: JsonObject): Promise<OnlyYou>;
}

/** For back ends: the commands that they offer to people. */
export interface ClientAsking {
  registerCommand(
    name: string,
    about: { readonly description: string; readonly usage?: string },
  ): Promise<SlashCommand>;
  removeCommand(name: string): Promise<void>;
}
