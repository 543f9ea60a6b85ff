import {
  type Command,
  limits,
  ProtocolError,
  type RoomId,
  type RoomView,
  type UserId,
} from "@parlance/protocol";
import { appendIn, appendOf, note } from "../append.ts";
import { backEndMay, isFor } from "../authorize.ts";
import type { Append, UserRecord } from "../ports/index.ts";
import type { Room } from "../room.ts";
import type { CommandContext } from "../services.ts";
import { mayEnter } from "./entering.ts";
import { getRoom } from "./rooms.ts";

/**
 * The direct room of some people, made where there is none. Its id is made from who they are, so that two who open it at the same
 * moment on two nodes come into one room. To know the id opens nothing: to others it is absent whether it exists or not.
 */
export async function openDirect(
  context: CommandContext,
  command: Command<"open_direct">,
): Promise<RoomView> {
  const { services, identity } = context;
  const { scopes, user: self } = identity;
  if (scopes !== undefined && !backEndMay(scopes, "manage")) throw new ProtocolError("forbidden");
  if (identity.isAnonymous === true) throw new ProtocolError("forbidden");
  const set = [...new Set([self, ...command.users])].sort();
  const others = set.length - 1;
  if (others < 1 || others > limits.directUsers) {
    throw new ProtocolError("bad_request", { field: "users", limit: limits.directUsers });
  }
  const id = `r_${services.ids.digest(`direct ${JSON.stringify(set)}`).slice(0, 40)}` as RoomId;
  if (!isFor(identity, id)) throw new ProtocolError("forbidden");
  const present = await services.directory.members(id, limits.directUsers + 1);
  const missing = set.filter((user) => !present.some((member) => member.user === user));
  if (missing.length > 0) await bringIn(context, id, set, missing);
  return getRoom(context, { type: "get_room", id: command.id, room: id });
}

/** Makes the room, or goes on where somebody was interrupted while making it. */
async function bringIn(
  context: CommandContext,
  id: RoomId,
  set: readonly UserId[],
  missing: readonly UserId[],
): Promise<void> {
  const people = await Promise.all(set.map((user) => personOf(context, user)));
  const { user: self } = context.identity;
  const first = people.find(({ id: user }) => user === self);
  if (first === undefined) throw new ProtocolError("not_found");
  if (missing.length === set.length) await make(context, id, people, first);
  const room = await context.services.rooms.open(id);
  await mayEnter(context, room);
  for (const person of people) {
    if (missing.includes(person.id)) await mustBelong(context, room, person);
  }
}

/** Two may be making the same room: whoever comes second finds it done. */
async function mustBelong(
  context: CommandContext,
  room: Room,
  person: Pick<UserRecord, "id" | "name">,
): Promise<void> {
  const isMember = async (): Promise<boolean> =>
    (await context.services.directory.member(room.record.room, person.id)) !== undefined;
  if (await isMember()) return;
  try {
    await appendIn(context, room, { event: joining(person) }, async () => {
      if (await isMember()) throw new ProtocolError("conflict");
    });
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code !== "conflict") throw error;
  }
}

/* Security: one answer for a user who is nobody, disabled or no person to write to: it tells nothing of them. */
async function personOf(
  { services, identity }: CommandContext,
  user: UserId,
): Promise<Pick<UserRecord, "id" | "name">> {
  const known = await services.directory.user(user);
  if (known === undefined) {
    if (user === identity.user) return { id: user, name: identity.name };
    throw new ProtocolError("not_found");
  }
  if (known.disabled) throw new ProtocolError("not_found");
  return known;
}

async function make(
  context: CommandContext,
  id: RoomId,
  people: readonly Pick<UserRecord, "id" | "name">[],
  first: Pick<UserRecord, "id" | "name">,
): Promise<void> {
  const { clock, log, tellJoined } = context.services;
  const append = appendOf(context, id, { event: joining(first) });
  // For lists that know nothing of people: those who do, show who else is in it.
  const names = people.map(({ name }) => name).join(", ");
  const title = names.slice(0, limits.titleLength).trim();
  const givenAt = clock.monotonic();
  const create = { kind: "direct", title, createdAt: append.time } as const;
  const appended = await log.append({ ...append, create });
  // Somebody else of the same people was faster.
  if (appended.outcome !== "stored") return;
  note(context, append, appended, clock.monotonic() - givenAt);
  const position = { epoch: appended.epoch, offset: appended.sequence };
  tellJoined({ user: first.id, room: id, position });
}

function joining({ id, name }: Pick<UserRecord, "id" | "name">): Append["event"] {
  return { type: "member.joined", data: { user: id, name, role: "member" } };
}
