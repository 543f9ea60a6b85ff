/**
 * Somebody who speaks one dialect: writes into one public room and reads it, and comes back after a lost line as clients of
 * that dialect do.
 */
import type { ServerProcess } from "@parlance/testkit/server-process";

/** Where a server is spoken to: its own process, or a line to one of several. */
export type ServerPlace = Pick<ServerProcess, "port" | "url" | "socketUrl">;

/** The room of all. */
export const room = "town";

/** Signs the tokens of these tests. */
export const secret = "a-key-of-many-dialects-0f1e2d3c4b5a6978";

/** The application of Pusher's clients. */
export const pusherApp = {
  appId: "town",
  key: "town-key",
  secret: "a-secret-of-pusher-3c4d5e",
} as const;

/** Settings with which every dialect speaks of that room. */
export const oneRoom: Readonly<Record<string, string>> = {
  PARLANCE_SECRET: secret,
  PARLANCE_DRAIN_MS: "0",
  PARLANCE_COMMANDS_PER_SECOND: "0",
  PARLANCE_PUSHER_APP_ID: pusherApp.appId,
  PARLANCE_PUSHER_KEY: pusherApp.key,
  PARLANCE_PUSHER_SECRET: pusherApp.secret,
  PARLANCE_CHATLOGGER_ROOM: room,
  PARLANCE_CHATLOGGER_HISTORY: "200",
  PARLANCE_PORTICO_CHAT_ROOM: room,
};

export interface Speaker {
  readonly dialect: string;
  /** Texts as they came, in order. */
  readonly heard: readonly string[];
  /** Whether a return may bring again what was heard before, as the dialect's page says. */
  readonly mayRepeat: boolean;
  /** Comes in, for the first time or again. */
  open(): Promise<void>;
  /** Loses the line, without a word. */
  cut(): void;
  /** Resolves when the message is known to be stored: by an answer, or by itself where there are none. */
  say(text: string): Promise<void>;
}

/** What an event of the log says to whoever shows messages once they are whole; undefined where it shows none. */
export function wholeText(type: unknown, data: unknown): string | undefined {
  const { text, open } = data as { readonly text: string; readonly open?: true };
  if (type === "message.closed") return text;
  return type === "message.created" && open === undefined ? text : undefined;
}
