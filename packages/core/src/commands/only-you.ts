/** What only one person sees in a room: told to that user's connections, and in no log. */
import {
  type Command,
  type OnlyYou,
  ProtocolError,
  type RoomId,
  type UserId,
} from "@parlance/protocol";
import { authorizeIn } from "../append.ts";
import { backEndMay } from "../authorize.ts";
import type { Identity } from "../ports/index.ts";
import type { CommandContext } from "../services.ts";
import { isReader } from "./mentions.ts";

/** Tells one reader of a room something that nobody else sees. */
export async function tellOnlyYou(
  context: CommandContext,
  command: Command<"tell_only_you">,
): Promise<OnlyYou> {
  mustPublish(context);
  const room = await context.services.rooms.open(command.room);
  await authorizeIn(context, "write", room);
  const { user, text, data } = command;
  if (!(await isReader(context, room, user))) throw new ProtocolError("not_found");
  const said = { text, ...(data === undefined ? {} : { data }) };
  return onlyFor(context, user, command.room, said, context.identity);
}

/** Tells all connections of a user. */
export function onlyFor(
  { services }: CommandContext,
  user: UserId,
  room: RoomId,
  said: Pick<OnlyYou, "text" | "data">,
  by: Pick<Identity, "user" | "name">,
): OnlyYou {
  const note: OnlyYou = {
    id: services.ids.event(),
    room,
    ...said,
    time: new Date(services.clock.now()).toISOString(),
    author: by.user,
    author_name: by.name,
  };
  services.tellOwn(user, { what: "only_you", note });
  return note;
}

/** What only back ends that may publish do. @throws ProtocolError `forbidden`. */
export function mustPublish({ identity }: CommandContext): void {
  const { scopes } = identity;
  if (scopes === undefined || !backEndMay(scopes, "write")) throw new ProtocolError("forbidden");
}
