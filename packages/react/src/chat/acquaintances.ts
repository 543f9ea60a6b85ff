/** Whom one can know: the people of the rooms that one is in. */
import type { Client, WireUser } from "@parlance/client";
import type { RoomState } from "../state/model.ts";
import { byName } from "../state/signals.ts";

/**
 * Members of the reader's rooms and who is there now, by name, without the members of `except`. A room that
 * cannot be asked is left out.
 *
 * @throws ClientError when `except` or every other room could not be asked.
 */
export async function listAcquaintances(
  client: Client,
  rooms: readonly RoomState[],
  except: string | undefined,
): Promise<readonly WireUser[]> {
  const members = except === undefined ? [] : await client.room(except).members();
  const known = new Set<string>(members.map((one) => one.user.id));
  const asked = await Promise.allSettled(
    rooms
      .filter((room) => room.role !== undefined && room.id !== except && room.kind !== "inbox")
      .flatMap((room) => [
        client.room(room.id).presence(),
        client
          .room(room.id)
          .members()
          .then((all) => all.map((one) => one.user)),
      ]),
  );
  const [first] = asked;
  if (first?.status === "rejected" && asked.every((one) => one.status === "rejected")) {
    throw first.reason;
  }
  const people = new Map<string, WireUser>();
  for (const answer of asked) {
    for (const user of answer.status === "fulfilled" ? answer.value : []) {
      if (!known.has(user.id)) people.set(user.id, user);
    }
  }
  return byName([...people.values()]);
}
