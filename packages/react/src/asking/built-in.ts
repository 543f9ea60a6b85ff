/** The commands that the page itself does, each by an act that there is. */
import { type ChosenStatus, ClientError } from "@parlance/client";
import type { Chat } from "../chat/chat.ts";
import type { TextKey, Translate } from "../texts/translate.ts";

/** What a command works with. */
export interface SlashHost {
  readonly chat: Chat;
  readonly room: string;
  readonly t: Translate;
  /** Opens the dialog of a new poll; absent: there is none. */
  readonly onPoll?: (() => void) | undefined;
  /** The list for `/help`. */
  list(): string;
}

/** One of them. */
export interface BuiltIn {
  readonly name: string;
  readonly description: TextKey;
  readonly usage?: TextKey;
  /** Something has to stand behind it. */
  readonly needs?: true;
  /** Whether it is offered. @param isStaff The reader looks after the room. */
  isThere?(host: Pick<SlashHost, "onPoll"> & { readonly isStaff: boolean }): boolean;
  /** @throws Error with words for the reader, ClientError where the server refuses. */
  run(host: SlashHost, rest: string): Promise<void> | void;
}

/** All of them, by name. The server keeps these names free (`builtInCommands` of the protocol). */
export const builtIns: readonly BuiltIn[] = [
  {
    name: "archive",
    description: "cmdArchive",
    isThere: ({ isStaff }) => isStaff,
    run: ({ chat, room }) => chat.updateRoom(room, { archived: true }),
  },
  {
    name: "away",
    description: "cmdAway",
    usage: "usageOff",
    run: ({ chat }, rest) => chat.client.setProfile(available(rest, "away")).then(nothing),
  },
  {
    name: "dnd",
    description: "cmdDnd",
    usage: "usageOff",
    run: ({ chat }, rest) => chat.client.setProfile(available(rest, "dnd")).then(nothing),
  },
  {
    name: "help",
    description: "cmdHelp",
    run: ({ chat, room, list }) => chat.note(room, list()),
  },
  {
    name: "invite",
    description: "cmdInvite",
    usage: "usageName",
    needs: true,
    run: invite,
  },
  { name: "leave", description: "cmdLeave", run: ({ chat, room }) => chat.leave(room) },
  {
    name: "me",
    description: "cmdMe",
    usage: "usageText",
    needs: true,
    run: ({ chat, room }, rest) => chat.send(room, `_${rest}_`),
  },
  {
    name: "mute",
    description: "cmdMute",
    run: ({ chat, room }) => chat.prefer(room, { muted_until: "forever" }),
  },
  {
    name: "poll",
    description: "cmdPoll",
    isThere: ({ onPoll }) => onPoll !== undefined,
    run: ({ onPoll }) => onPoll?.(),
  },
  {
    name: "status",
    description: "cmdStatus",
    usage: "usageStatus",
    run: async ({ chat, t }, rest) => {
      const status = statusIn(rest);
      if ((status?.text?.length ?? 0) > statusLength) {
        throw new Error(t("slashLong", { count: statusLength }));
      }
      await chat.setProfile({ status: status ?? null });
    },
  },
  {
    name: "topic",
    description: "cmdTopic",
    usage: "usageText",
    run: ({ chat, room }, rest) => chat.updateRoom(room, { topic: rest === "" ? null : rest }),
  },
  {
    name: "unmute",
    description: "cmdUnmute",
    run: ({ chat, room }) => chat.prefer(room, { muted_until: null }),
  },
];

function nothing(): void {}

/** The longest text of a status (protocol, `statusLength`), in UTF-16 code units. */
const statusLength = 64;

/** A sign that stands first is the status's own. Undefined: nothing is said. */
export function statusIn(written: string): ChosenStatus | undefined {
  const found = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator})[^\s\p{L}\p{N}]*/u.exec(
    written,
  );
  const emoji = found?.[0];
  const text = written.slice(emoji?.length ?? 0).trim();
  if (emoji === undefined && text === "") return undefined;
  return { ...(emoji === undefined ? {} : { emoji }), ...(text === "" ? {} : { text }) };
}

/** The same command again with `off` behind it takes it back. */
function available(rest: string, wanted: "away" | "dnd"): { availability: "away" | "dnd" | null } {
  return { availability: rest === "off" ? null : wanted };
}

async function invite({ chat, room, t }: SlashHost, rest: string): Promise<void> {
  const wanted = rest.replace(/^@/, "").toLowerCase();
  const unknown = new Error(t("slashNobody", { name: rest }));
  const people = await chat.acquaintances(undefined);
  const found = people.filter(({ name }) => name.toLowerCase() === wanted);
  const [one] = found;
  if (one === undefined || found.length > 1) throw unknown;
  try {
    await chat.addMember(room, one.id);
  } catch (error) {
    throw error instanceof ClientError && error.code === "not_found" ? unknown : error;
  }
}
