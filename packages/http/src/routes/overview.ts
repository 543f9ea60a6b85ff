import type { MessageTrace, WebhookFate } from "@parlance/core";
import { type Json, ProtocolError } from "@parlance/protocol";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Operations"];
/** So long nodes have to answer. */
const askMs = 3_000;
/** Rooms that are listed, those with the most subscriptions first. */
const maxRooms = 1_000;

/** Questions that the server of each node answers, in the form in which they are told. */
export const overviewQuestions = { overview: "overview", rooms: "open_rooms" } as const;

interface RoomRow {
  readonly room: string;
  readonly title: string;
  readonly kind: string;
  readonly last: number;
  readonly subscriptions: number;
  readonly present: number;
}

/** For operators: what all nodes are doing, and what became of one message. */
export function overviewRoutes({ app, callers, node, clock, traceMessage }: ApiParts): void {
  const operator = { onRequest: callers.authenticateOperator };

  app.get(
    "/admin/overview",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "What all nodes are doing now, and did in the last hour",
        description: "With `points=none` without the last hour.",
        querystring: schemas.overviewQuery,
        response: { 200: answers.overview, default: answers.failure },
      },
    },
    async (request) => {
      const { points = "hour" } = request.query;
      const detail = { points };
      const asked = await node.askAll(overviewQuestions.overview, detail, { timeoutMs: askMs });
      return {
        time: new Date(clock.now()).toISOString(),
        nodes: asked.answers.flatMap(({ node: id, answer }) =>
          isObject(answer) ? [{ ...answer, node: id }] : [],
        ),
        silent: asked.silent,
      };
    },
  );

  app.get(
    "/admin/open-rooms",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "The rooms that are open, on all nodes",
        description: `The ${maxRooms} with the most subscriptions. A room is open while somebody needs it.`,
        response: { 200: answers.openRooms, default: answers.failure },
      },
    },
    async () => {
      const asked = await node.askAll(overviewQuestions.rooms, undefined, { timeoutMs: askMs });
      const rooms = new Map<string, RoomRow & { readonly nodes: number }>();
      for (const { answer } of asked.answers) {
        for (const row of Array.isArray(answer) ? answer.filter(isRoom) : []) {
          const known = rooms.get(row.room);
          rooms.set(row.room, {
            ...row,
            last: Math.max(row.last, known?.last ?? 0),
            subscriptions: row.subscriptions + (known?.subscriptions ?? 0),
            present: row.present + (known?.present ?? 0),
            nodes: 1 + (known?.nodes ?? 0),
          });
        }
      }
      const listed = [...rooms.values()].sort((a, b) => b.subscriptions - a.subscriptions);
      return { rooms: listed.slice(0, maxRooms), silent: asked.silent };
    },
  );

  app.get(
    "/admin/trace/:message",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "What became of one message: `room:sequence`, or its id",
        description: "Never its text. Nodes remember some minutes; `remembers_since` says how far.",
        params: schemas.traceParams,
        response: { 200: answers.messageTrace, default: answers.failure },
      },
    },
    async (request) => {
      const trace = await traceMessage(request.params.message);
      if (trace === undefined) throw new ProtocolError("not_found");
      return traceView(trace);
    },
  );
}

function traceView(trace: MessageTrace): object {
  const { place, writtenAt, clientMessageId } = trace;
  return {
    id: place.id,
    room: place.room,
    epoch: trace.epoch,
    sequence: place.sequence,
    head: trace.head,
    author: place.author,
    principal: place.principal,
    ...(writtenAt === undefined ? {} : { written_at: timeOf(writtenAt) }),
    ...(clientMessageId === undefined ? {} : { client_message_id: clientMessageId }),
    deleted: place.isDeleted,
    later: trace.later.map(({ at, ...event }) => ({ ...event, at: timeOf(at) })),
    looked_up_to: trace.lookedUpTo,
    read_by: trace.readBy,
    members: trace.members,
    ...(trace.webhooks === undefined ? {} : { webhooks: trace.webhooks.map(fateView) }),
    nodes: trace.nodes.map(({ node, since, appends, deliveries }) => ({
      node,
      remembers_since: timeOf(since),
      appends: appends.map(({ via, givenAt, answeredAt, repeated }) => ({
        via,
        given_at: timeOf(givenAt),
        answered_at: timeOf(answeredAt),
        repeated,
      })),
      deliveries: deliveries.map(({ at, reached, behind }) => ({
        at: timeOf(at),
        reached,
        behind,
      })),
    })),
    silent: trace.silent,
  };
}

function fateView({ webhook, state }: WebhookFate): object {
  const { id, name, pausedBecause } = webhook;
  const told = { id, name, state: state.type };
  switch (state.type) {
    case "delivered":
    case "earlier":
      return told;
    case "waiting":
      return {
        ...told,
        place: state.place,
        ...(state.failingSince === undefined ? {} : { failing_since: timeOf(state.failingSince) }),
        ...(pausedBecause === undefined ? {} : { paused_because: pausedBecause }),
      };
    case "dead":
      return { ...told, given_up_at: timeOf(state.at), reason: state.reason };
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function isObject(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What another node answered may be of another version. */
function isRoom(value: unknown): value is RoomRow {
  const row = value as Partial<RoomRow> | null;
  return (
    typeof row?.room === "string" &&
    [row.last, row.subscriptions, row.present].every((number) => typeof number === "number")
  );
}
