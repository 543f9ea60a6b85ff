/**
 * Messages under a name that nobody has checked: the ChatLogger dialect's, whose frames carry one each. The name goes
 * with an id of its own kind, so that it is never tied to an account; the principal stays the connection's.
 */
import { ProtocolError, type Published, type UserId } from "@parlance/protocol";
import type { Pipelined } from "../outcome.ts";
import type { PublishAs } from "../ports/index.ts";
import type { CommandContext } from "../services.ts";
import { publish } from "./publish.ts";

/** Longest part of an id that a name is written out in. */
const maxWritten = 80;

/** Names that one connection may go by: each is kept as a user. */
const maxNames = 16;

/** Whoever shows who it is goes by its own name; the others by the one of the frame, marked. */
export async function publishAs(
  context: CommandContext,
  task: PublishAs,
): Promise<Pipelined<Published>> {
  const { identity, services } = context;
  if (identity.isAnonymous !== true) return publish(context, task.publish);
  const { directory, clock } = services;
  const user = unverifiedId(task.name);
  const [known, namesake] = await Promise.all([
    directory.user(user),
    directory.userByUsername(task.name),
  ]);
  if (known?.disabled === true) throw new ProtocolError("forbidden");
  if (known === undefined) {
    // Security: without this, one page could fill the directory with names.
    if (context.connection !== undefined && ++context.connection.newNames > maxNames) {
      throw new ProtocolError("rate_limited");
    }
    // Where another page comes by the same name at the same moment, it is there already.
    await directory.createUser({
      id: user,
      kind: "guest",
      name: task.name,
      createdAt: clock.now(),
    });
  }
  if (context.connection !== undefined) context.connection.shownAs = user;
  const shownAs = {
    user,
    name: task.name,
    unverified: true,
    nameOfAccount: namesake !== undefined,
  } as const;
  return publish(context, { ...task.publish, shownAs });
}

/** The same name is the same id. Long ones end in a hash. */
function unverifiedId(name: string): UserId {
  const written = encodeURIComponent(name.toWellFormed());
  if (written.length <= maxWritten) return `unverified:${written}` as UserId;
  let hash = 0xcbf29ce484222325n;
  for (const character of written) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(character.charCodeAt(0))) * 0x100000001b3n);
  }
  return `unverified:${written.slice(0, maxWritten)}~${hash.toString(16)}` as UserId;
}
