/** Commands other than messages: they wait for the line, and for their answer, only so long. */
import type { CommandType, Reply } from "@parlance/protocol";
import { ClientError, offline } from "./errors.ts";
import type { Line } from "./line.ts";
import type { CommandBody } from "./types.ts";

/** Commands that may wait for a line at once. */
export const maxWaitingCommands = 1_000;

/** These change nothing when done twice, so they are asked again on the next line. */
const repeatable: ReadonlySet<CommandType> = new Set<CommandType>([
  "history",
  "get_message",
  "get_profile",
  "get_room",
  "get_text",
  "get_invite",
  "get_preferences",
  "list_bans",
  "list_directory",
  "list_drafts",
  "list_invites",
  "list_join_requests",
  "list_mentions",
  "list_messages",
  "list_pins",
  "list_saved",
  "list_scheduled",
  "list_thread",
  "list_threads",
  "list_versions",
  "mark_thread_read",
  "list_members",
  "list_people",
  "list_rooms",
  "mark_read",
  "ping",
  "presence",
  "proof",
  "save_draft",
  "save_message",
  "set_idle",
  "set_picture",
  "set_profile",
]);

interface Waiting {
  readonly send: (line: Line) => void;
  readonly reject: (error: ClientError) => void;
}

export class Requests {
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Waiting>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Sends at once on a line that is up, or when there is one. */
  request<T extends CommandType>(
    line: Line | undefined,
    command: CommandBody<T>,
  ): Promise<Reply<T>> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply<T>>();
    let isSent = false;
    let isOver = false;
    const finish = (result: Reply<T> | ClientError): void => {
      isOver = true;
      clearTimeout(timer);
      this.#waiting.delete(waiting);
      if (result instanceof ClientError) reject(result);
      else resolve(result);
    };
    const waiting: Waiting = {
      send: (current) => {
        isSent = true;
        this.#waiting.delete(waiting);
        current.ask<T>(command, (result) => {
          const isLost = result instanceof ClientError && result.code === "offline";
          if (isOver) return;
          if (isLost && repeatable.has(command.type)) {
            isSent = false;
            this.#waiting.add(waiting);
          } else finish(result);
        });
      },
      reject: finish,
    };
    const timer = setTimeout(
      () =>
        finish(
          isSent
            ? new ClientError("timeout", "The server did not answer in time.")
            : offline("The line did not come back in time."),
        ),
      this.#timeoutMs,
    );
    if (line !== undefined) waiting.send(line);
    else if (this.#waiting.size < maxWaitingCommands) this.#waiting.add(waiting);
    else finish(offline("Too many commands wait for the line."));
    return promise;
  }

  /** A line is up. */
  resume(line: Line): void {
    for (const waiting of [...this.#waiting]) waiting.send(line);
  }

  /** There will be no line. */
  reject(error: ClientError): void {
    for (const waiting of [...this.#waiting]) waiting.reject(error);
  }
}
