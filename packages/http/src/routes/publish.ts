import {
  backEndMay,
  type PublicationResult,
  publishEverywhere,
  RoomTurns,
  readPublication,
  roomsOfPublication,
} from "@parlance/core";
import {
  type ClientMessageId,
  fields,
  isPlainJson,
  ProtocolError,
  type Publication,
  type WireError,
} from "@parlance/protocol";
import * as answers from "../answers.ts";
import type { HttpRequest } from "../options.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Publishing"];
/** Publications of one request, and messages that they come to: one for each room that each names. */
const maxItems = 1_000;
/** A thousand ordinary ones. */
const bodyBytes = 8_388_608;

type RoomAnswer =
  | ({ readonly room: string } & Record<string, unknown>)
  | { readonly room: string; readonly error: WireError };
interface Answer {
  readonly idempotency_key: string;
  readonly results: readonly RoomAnswer[];
}

/**
 * Back ends' way in: what they tell rooms, users and everybody.
 *
 * @param isAlias Under a shorter address too, which the document does not name a second time.
 */
export function publishRoutes(parts: ApiParts, isAlias = false): void {
  const { app, callers } = parts;
  app.post(
    "/publish",
    {
      onRequest: callers.authenticate,
      bodyLimit: bodyBytes,
      // For the document only: what is wrong with an item is told for each.
      validatorCompiler: () => (value: unknown) => ({ value }),
      schema: {
        tags,
        security,
        hide: isAlias,
        summary: "Publish to rooms, users or everybody",
        description:
          "For API keys with the scope `publish`. Names one kind of target: `room`, `rooms`, `user`, `users` (their inboxes) or " +
          "`everyone`. Answered after the commit. The same `idempotency_key` (or header `Idempotency-Key`) with the same content " +
          "again is stored once and answered with the first place and `repeated: true`; with another content it is a `conflict`. " +
          "`items` has up to 1,000 publications, with 1,000 targets in all: each is done or refused by itself, those for one room in their order, and each " +
          "has its answer.",
        headers: schemas.messageHeaders,
        body: schemas.publishBody,
        response: {
          201: answers.publishedEverywhere,
          200: answers.publishedBatch,
          default: answers.failure,
        },
      },
    },
    async (request, reply) => {
      const { scopes } = callers.of(request);
      if (scopes === undefined || !backEndMay(scopes, "write"))
        throw new ProtocolError("forbidden");
      const body: unknown = request.body;
      if (typeof body !== "object" || body === null || !isPlainJson(body)) {
        throw new ProtocolError("bad_request");
      }
      if (Object.hasOwn(body, "items")) {
        return publishBatch(parts, request, (body as { readonly items: unknown }).items);
      }
      const { answer, isNew } = await publishOne(parts, request, body);
      return reply.code(isNew ? 201 : 200).send(answer);
    },
  );
}

async function publishOne(
  parts: ApiParts,
  request: HttpRequest,
  body: unknown,
): Promise<{ readonly answer: Answer; readonly isNew: boolean }> {
  const publication = readPublication(body);
  const given = keyOfHeader(request.headers["idempotency-key"]);
  const { idempotency_key: own } = publication;
  if (given !== undefined && own !== undefined && given !== own) {
    throw new ProtocolError("bad_request", { field: "idempotency_key" });
  }
  const { answer, results } = await publish(parts, request, publication, own ?? given);
  const [first] = results;
  // One target: its refusal is the answer's.
  if (results.length === 1 && first !== undefined && "error" in first) throw first.error;
  const isNew = results.some(
    (result) => "published" in result && result.published.repeated !== true,
  );
  return { answer, isNew };
}

async function publishBatch(
  parts: ApiParts,
  request: HttpRequest,
  items: unknown,
): Promise<{ readonly results: readonly (Answer | { readonly error: WireError })[] }> {
  if (!Array.isArray(items)) throw new ProtocolError("bad_request", { field: "items" });
  if (items.length > maxItems) {
    throw new ProtocolError("too_large", { field: "items", limit: maxItems });
  }
  const read = (items as unknown[]).map(readItem);
  const messages = read.reduce((sum, item) => sum + ("rooms" in item ? item.rooms.length : 0), 0);
  // A thousand items with a hundred rooms each would keep the database busy for a minute.
  if (messages > maxItems)
    throw new ProtocolError("too_large", { field: "items", limit: maxItems });
  const turns = new RoomTurns();
  const one = async (item: ReadItem): Promise<Answer | { readonly error: WireError }> => {
    if ("error" in item) return { error: item.error.toWire() };
    const { publication, rooms } = item;
    const { answer } = await turns.take(rooms, () =>
      publish(parts, request, publication, publication.idempotency_key),
    );
    return answer;
  };
  return { results: await Promise.all(read.map(one)) };
}

type ReadItem =
  | { readonly publication: Publication; readonly rooms: readonly string[] }
  | { readonly error: ProtocolError };

function readItem(item: unknown): ReadItem {
  try {
    const publication = readPublication(item);
    return { publication, rooms: roomsOfPublication(publication) };
  } catch (error) {
    if (error instanceof ProtocolError) return { error };
    throw error;
  }
}

async function publish(
  { callers, node, ids }: ApiParts,
  request: HttpRequest,
  publication: Publication,
  given: ClientMessageId | undefined,
): Promise<{ readonly answer: Answer; readonly results: readonly PublicationResult[] }> {
  const key = given ?? (ids.event() as string as ClientMessageId);
  const results = await publishEverywhere(node, callers.of(request), publication, key);
  const answer = {
    idempotency_key: key,
    results: results.map((result) =>
      "error" in result
        ? { room: result.room, error: result.error.toWire() }
        : { ...result.published },
    ),
  };
  return { answer, results };
}

function keyOfHeader(value: string | string[] | undefined): ClientMessageId | undefined {
  if (value === undefined) return undefined;
  const parsed = fields.clientMessageId.safeParse(value);
  if (!parsed.success) throw new ProtocolError("bad_request", { field: "idempotency-key" });
  return parsed.data;
}
