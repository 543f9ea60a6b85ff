/** What rooms do about polls and slash commands. */
import type { CommandRun, EventId, Voted } from "@parlance/protocol";

/** A room's polls and commands. */
export interface RoomAsking {
  /** Chooses in a poll instead of what was chosen before, by places in its options; nothing takes the vote back. */
  vote(messageId: EventId, choices: readonly number[]): Promise<Voted>;
  /** Gives a command that an application offers; what only the caller sees comes as `own` too. */
  runCommand(name: string, text: string): Promise<CommandRun>;
}
