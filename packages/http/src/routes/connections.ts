import {
  type ConnectionFilter,
  type ConnectionView,
  connectionQuestions,
  type NodeCounts,
  readConnectionReport,
} from "@parlance/core";
import { type Json, ProtocolError } from "@parlance/protocol";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Operations"];
/** Where the request does not say. */
const connectionsOfPage = 1_000;
/** So long nodes have to answer. */
const askMs = 3_000;
const retryAfterMs = 1_000;

/** For operators: the live connections of all nodes. */
export function connectionRoutes({ app, callers, node, clock }: ApiParts): void {
  const operator = { onRequest: callers.authenticateOperator };

  app.get(
    "/admin/connections",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "Live connections of all nodes",
        description: "By the ids of their nodes, and in the order in which each came.",
        querystring: schemas.connectionListQuery,
        response: { 200: answers.connectionList, default: answers.failure },
      },
    },
    async (request) => {
      const { after, limit = connectionsOfPage, ...wanted } = request.query;
      const [afterNode, afterNumber] = after?.split(":") ?? [];
      const filter: ConnectionFilter = {
        ...wanted,
        ...(afterNode === undefined
          ? {}
          : { after: { node: afterNode, number: Number(afterNumber) } }),
        // One more, to know whether there are more.
        limit: limit + 1,
      };
      const asked = await node.askAll(connectionQuestions.list, filter as unknown as Json, {
        timeoutMs: askMs,
      });
      const reports = asked.answers
        .flatMap(({ node: id, answer }) => {
          const report = readConnectionReport(answer);
          return report === undefined ? [] : [{ id, ...report }];
        })
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const now = clock.now();
      const found = reports.flatMap(({ id, connections }) =>
        connections.map((view) => connectionView(id, view, now)),
      );
      const listed = found.slice(0, limit);
      const last = found.length > limit ? listed.at(-1) : undefined;
      return {
        counts: sumOf(reports.map(({ counts }) => counts)),
        total: reports.reduce((sum, { matching }) => sum + matching, 0),
        connections: listed,
        silent: asked.silent,
        ...(last === undefined ? {} : { next: `${last.node}:${last.number}` }),
      };
    },
  );

  app.delete(
    "/admin/connections/:connection",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "End a connection, on whichever node it is",
        description:
          "Its client is told `ended_by_operator` and stays away. `unavailable` if it is on none that answered, and one did not.",
        params: schemas.connectionParams,
        response: { 204: answers.nothing, default: answers.failure },
      },
    },
    async (request, reply) => {
      const { connection } = request.params;
      const asked = await node.askAll(connectionQuestions.end, connection, { timeoutMs: askMs });
      if (asked.answers.some(({ answer }) => answer === true)) return reply.code(204).send();
      if (asked.silent.length === 0) throw new ProtocolError("not_found");
      throw new ProtocolError("unavailable", {
        retry_after_ms: retryAfterMs,
        silent: asked.silent,
      });
    },
  );
}

function connectionView(node: string, view: ConnectionView, now: number) {
  return {
    ...view,
    node,
    connected_at: new Date(now - view.connected_ms).toISOString(),
    last_heard_at: new Date(now - view.heard_ms).toISOString(),
  };
}

function sumOf(each: readonly NodeCounts[]): object {
  const sum = (count: (counts: NodeCounts) => number): number =>
    each.reduce((total, counts) => total + count(counts), 0);
  return {
    connections: sum(({ connections }) => connections),
    rooms: sum(({ rooms }) => rooms),
    subscriptions: sum(({ subscriptions }) => subscriptions),
    lagging: sum(({ lagging }) => lagging),
    outbox_bytes: sum(({ outboxBytes }) => outboxBytes),
  };
}
