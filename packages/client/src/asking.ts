/** The commands behind `RoomAsking`. */
import type { CommandRun, EventId, RoomId, Voted } from "@parlance/protocol";
import type { Link } from "./link.ts";
import type { RoomAsking } from "./types-asking.ts";

/** What a room does about polls and commands. */
export class AskingRoom implements RoomAsking {
  readonly id: RoomId;
  /** For the classes that are made of this one. */
  protected readonly link: Link;

  constructor(id: RoomId, link: Link) {
    this.id = id;
    this.link = link;
  }

  vote(message_id: EventId, choices: readonly number[]): Promise<Voted> {
    return this.link.request<"vote">({ type: "vote", room: this.id, message_id, choices });
  }

  runCommand(name: string, text: string): Promise<CommandRun> {
    return this.link.request<"run_command">({ type: "run_command", room: this.id, name, text });
  }
}
