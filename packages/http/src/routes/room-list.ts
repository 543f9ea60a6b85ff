import { onlineQuestion, type RoomSummary, readOnline } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Operations"];
/** Where the request does not say. */
const roomsOfPage = 100;
/** Rooms that one request looks at, whether they match or not. */
const lookedAt = 10_000;
const lookAtOnce = 1_000;
/** So long nodes have to say who is there. */
const askMs = 3_000;

/** For operators: all rooms. */
export function roomListRoutes({ app, callers, node, rooms }: ApiParts): void {
  const operator = { onRequest: callers.authenticateOperator };

  app.get(
    "/admin/rooms",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "All rooms in the order of their ids",
        querystring: schemas.roomListQuery,
        response: { 200: answers.roomSummaries, default: answers.failure },
      },
    },
    async (request) => {
      const { pattern = "*", limit = roomsOfPage } = request.query;
      const found: RoomSummary[] = [];
      let after: string = request.query.after ?? "";
      let isMore = true;
      for (let looks = 0; isMore && looks < lookedAt && found.length < limit; ) {
        const page = await rooms.rooms(after, lookAtOnce);
        isMore = page.length === lookAtOnce;
        looks += page.length;
        for (const room of page) {
          if (found.length === limit) {
            isMore = true;
            break;
          }
          after = room.room;
          if (matches(pattern, room.room)) found.push(room);
        }
      }
      const { told, silent } = await withOnline(found);
      return { rooms: told, silent, ...(isMore ? { next: after as RoomId } : {}) };
    },
  );

  async function withOnline(found: readonly RoomSummary[]) {
    const asked = await node.askAll(
      onlineQuestion,
      found.map(({ room }) => room),
      { timeoutMs: askMs },
    );
    const online = readOnline(asked);
    const told = found.map(({ room, kind, title, head, floor, countable, members, lastAt }) => ({
      room,
      kind,
      title,
      head,
      floor,
      messages: countable,
      members,
      online: online.get(room) ?? 0,
      ...(lastAt === undefined ? {} : { last_at: new Date(lastAt).toISOString() }),
    }));
    return { told, silent: asked.silent };
  }
}

/** Whether a text is of a pattern, in time that grows with both lengths whatever they are. */
export function matches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let starAt = 0;
  let index = 0;
  while (index < text.length) {
    const sign = pattern[at];
    if (sign === "*") {
      star = at;
      starAt = index;
      at += 1;
    } else if (sign === "?" || sign === text[index]) {
      at += 1;
      index += 1;
    } else if (star === -1) return false;
    else {
      // The last star takes one more.
      at = star + 1;
      starAt += 1;
      index = starAt;
    }
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
