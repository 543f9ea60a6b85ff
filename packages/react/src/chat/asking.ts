/** Polls, slash commands, and what only the reader sees. */
import type { Client, EventId, SlashCommand } from "@parlance/client";
import type { Action } from "../state/actions.ts";
import { newId } from "./new-id.ts";

/** Acts of asking. Those that are promises reject with `ClientError` where the server refuses. */
export interface AskingActs {
  /** Chooses in a poll, instead of what was chosen before. */
  vote(room: string, message: string, choices: readonly number[]): Promise<void>;
  closePoll(room: string, message: string): Promise<void>;
  /** Asks what the reader chose, where no event tells; what fails leaves it unknown. */
  learnVote(room: string, message: string): Promise<void>;
  /** Shows something to the reader alone. */
  note(room: string, text: string): void;
  dropNote(id: string): void;
  /** The commands that applications offer in a room. */
  slashCommands(room: string): Promise<readonly SlashCommand[]>;
  /** Gives one of them; what comes of it is told. */
  runCommand(room: string, name: string, text: string): Promise<void>;
}

/** The asking of one chat. */
export function createAsking(client: Client, dispatch: (action: Action) => void): AskingActs {
  const learned = (message: string, choices: readonly number[]): void =>
    dispatch({ type: "vote_known", message, choices });
  return {
    vote: async (room, message, wanted) => {
      const { choices } = await client.room(room).vote(message as EventId, wanted);
      learned(message, choices);
    },
    closePoll: async (room, message) => {
      const about = { room: client.room(room).id, message_id: message };
      await client.request<"close_poll">({ type: "close_poll", ...about });
    },
    learnVote: async (room, message) => {
      try {
        const about = { room: client.room(room).id, message_id: message };
        const view = await client.request<"get_message">({ type: "get_message", ...about });
        learned(message, view.poll?.mine ?? []);
      } catch {
        // It is asked again when the poll is shown anew.
      }
    },
    note: (room, text) =>
      dispatch({
        type: "noted",
        note: {
          id: newId(),
          room: client.room(room).id,
          text,
          time: new Date().toISOString(),
          author_name: "",
        },
      }),
    dropNote: (id) => dispatch({ type: "note_dropped", id }),
    slashCommands: async (room) => {
      const command = { type: "list_commands", room: client.room(room).id } as const;
      return (await client.request<"list_commands">(command)).commands;
    },
    runCommand: async (room, name, text) => {
      await client.room(room).runCommand(name, text);
    },
  };
}
