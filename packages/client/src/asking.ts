/** The commands behind `RoomAsking` and `ClientAsking`. */
import type {
  CommandRun,
  CommandType,
  EventId,
  JsonObject,
  OnlyYou,
  PollClosed,
  Reply,
  RoomId,
  SlashCommand,
  UserId,
  Voted,
} from "@parlance/protocol";
import type { Link } from "./link.ts";
import type { CommandBody } from "./types.ts";
import type { ClientAsking, RoomAsking } from "./types-asking.ts";

/** What a room does about polls and commands. */
export class AskingRoom implements RoomAsking {
  readonly id: RoomId;
  readonly #link: Link;

  constructor(id: RoomId, link: Link) {
    this.id = id;
    this.#link = link;
  }

  vote(messageId: EventId, choices: readonly number[]): Promise<Voted> {
    const about = { room: this.id, message_id: messageId };
    return this.#link.request<"vote">({ type: "vote", ...about, choices });
  }

  closePoll(messageId: EventId): Promise<PollClosed> {
    const about = { room: this.id, message_id: messageId };
    return this.#link.request<"close_poll">({ type: "close_poll", ...about });
  }

  async commands(): Promise<readonly SlashCommand[]> {
    const command = { type: "list_commands", room: this.id } as const;
    return (await this.#link.request<"list_commands">(command)).commands;
  }

  runCommand(
    name: string,
    text = "",
    { clientMessageId }: Parameters<RoomAsking["runCommand"]>[2] = {},
  ): Promise<CommandRun> {
    return this.#link.request<"run_command">({
      type: "run_command",
      room: this.id,
      name,
      text,
      ...(clientMessageId === undefined ? {} : { client_message_id: clientMessageId }),
    });
  }

  tellOnlyYou(user: string, text: string, data?: JsonObject): Promise<OnlyYou> {
    return this.#link.request<"tell_only_you">({
      type: "tell_only_you",
      room: this.id,
      user: user as UserId,
      text,
      ...(data === undefined ? {} : { data }),
    });
  }
}

/** What a client does about the commands that it offers. */
export abstract class AskingClient implements ClientAsking {
  abstract request<T extends CommandType>(command: CommandBody<T>): Promise<Reply<T>>;

  registerCommand(
    name: string,
    about: Parameters<ClientAsking["registerCommand"]>[1],
  ): Promise<SlashCommand> {
    return this.request<"register_command">({ type: "register_command", name, ...about });
  }

  async removeCommand(name: string): Promise<void> {
    await this.request<"remove_command">({ type: "remove_command", name });
  }
}
