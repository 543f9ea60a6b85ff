import type { KeyRecord, WebhookAdmin, WebhookDelivery, WebhookRecord } from "@parlance/core";
import * as answers from "../answers.ts";
import * as schemas from "../webhook-schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["Webhooks"];
/** Where the request does not say. */
const deadOfPage = 100;

/** For operators: where the server tells applications what happened. */
export function webhookRoutes(parts: ApiParts, webhooks: WebhookAdmin): void {
  const { app, callers } = parts;
  incomingRoutes(parts);
  const operator = { onRequest: callers.authenticateOperator };
  const described = { tags, security };
  const failure = { default: answers.failure };
  const one = { ...described, params: schemas.webhookParams };

  app.get(
    "/admin/webhooks",
    {
      ...operator,
      schema: {
        ...described,
        summary: "List webhooks",
        response: { 200: schemas.webhookList, ...failure },
      },
    },
    async () => ({ webhooks: (await webhooks.list()).map(webhookView) }),
  );

  app.post(
    "/admin/webhooks",
    {
      ...operator,
      schema: {
        ...described,
        summary: "Make a webhook; its secret is told once",
        description:
          "Tells what happens from now on. `events` and `rooms` are names or patterns with `*`; absent: all.",
        body: schemas.webhookBody,
        response: { 201: schemas.newWebhook, ...failure },
      },
    },
    async (request, reply) => {
      const webhook = await webhooks.create(request.body);
      return reply.code(201).send({ webhook: webhookView(webhook), secret: webhook.secret });
    },
  );

  app.get(
    "/admin/webhooks/:id",
    {
      ...operator,
      schema: {
        ...one,
        summary: "A webhook, how far it is behind, and what went wrong last",
        response: { 200: schemas.webhookStatus, ...failure },
      },
    },
    async (request) => {
      const { webhook, lag, dead } = await webhooks.status(request.params.id);
      const { isMore, oldestAt, ...counts } = lag;
      return {
        webhook: webhookView(webhook),
        lag: { ...counts, is_more: isMore, ...timeField("oldest_at", oldestAt) },
        dead,
      };
    },
  );

  app.delete(
    "/admin/webhooks/:id",
    {
      ...operator,
      schema: {
        ...one,
        summary: "Delete a webhook with everything that waits for it",
        response: { 204: answers.nothing, ...failure },
      },
    },
    async (request, reply) => {
      await webhooks.remove(request.params.id);
      return reply.code(204).send();
    },
  );

  for (const action of ["pause", "resume"] as const) {
    app.post(
      `/admin/webhooks/:id/${action}`,
      {
        ...operator,
        schema: {
          ...one,
          summary:
            action === "pause" ? "Stop delivering for now; nothing is lost" : "Go on delivering",
          response: { 204: answers.nothing, ...failure },
        },
      },
      async (request, reply) => {
        await webhooks[action](request.params.id);
        return reply.code(204).send();
      },
    );
  }

  app.post(
    "/admin/webhooks/:id/test",
    {
      ...operator,
      schema: {
        ...one,
        summary: "Send one event `webhook.test` now",
        response: { 200: schemas.testAnswer, ...failure },
      },
    },
    async (request) => {
      const reason = await webhooks.test(request.params.id);
      return reason === undefined ? { taken: true } : { taken: false, reason };
    },
  );

  app.get(
    "/admin/webhooks/:id/dead",
    {
      ...operator,
      schema: {
        ...one,
        summary: "What was given up",
        querystring: schemas.deadQuery,
        response: { 200: schemas.deadList, ...failure },
      },
    },
    async (request) => {
      const { after = 0, limit = deadOfPage } = request.query;
      const found = await webhooks.dead(request.params.id, after, limit);
      const last = found.length === limit ? found.at(-1) : undefined;
      return { dead: found.map(deadView), ...(last === undefined ? {} : { next: last.number }) };
    },
  );

  app.post(
    "/admin/webhooks/:id/dead/retry",
    {
      ...operator,
      schema: {
        ...one,
        summary: "Try once more what was given up: one by its number, or all",
        body: schemas.retryBody,
        response: { 200: schemas.retried, ...failure },
      },
    },
    async (request) => ({
      retried: await webhooks.revive(request.params.id, request.body.number),
    }),
  );

  app.post(
    "/admin/webhooks/:id/replay",
    {
      ...operator,
      schema: {
        ...one,
        summary: "Deliver again what follows a position",
        description: "`after` a sequence in one `room`; or `since` a time, in one or in all.",
        body: schemas.replayBody,
        response: { 200: schemas.replayed, ...failure },
      },
    },
    async (request) => {
      const { since, ...from } = request.body;
      const time = since === undefined ? {} : { since: Date.parse(since) };
      return { rooms: await webhooks.replay(request.params.id, { ...from, ...time }) };
    },
  );
}

/** Addresses for programs that speak to Slack. Each is a bot's key, for one room or some, and for nothing else. */
function incomingRoutes({ app, callers, keys }: ApiParts): void {
  const operator = { onRequest: callers.authenticateOperator };

  app.get(
    "/admin/incoming",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "List incoming webhooks",
        response: { 200: schemas.incomingList, default: answers.failure },
      },
    },
    async () => {
      const all = await keys.listKeys();
      return {
        incoming: all.filter(({ scopes }) => scopes.includes("incoming")).map(incomingView),
      };
    },
  );

  app.post(
    "/admin/incoming",
    {
      ...operator,
      schema: {
        tags,
        security,
        summary: "Make an incoming webhook; its address is told once",
        description:
          "`channels`: names or patterns of other rooms that a message may name as its `channel`. Revoke it as a key.",
        body: schemas.incomingBody,
        response: { 201: schemas.newIncoming, default: answers.failure },
      },
    },
    async (request, reply) => {
      const { name, room, channels = [], display_name: shown = name } = request.body;
      const { record, token } = await keys.createKey({
        name,
        scopes: ["incoming"],
        rooms: [room, ...channels],
        bot: { name: shown },
      });
      return reply.code(201).send({ incoming: incomingView(record), path: `/hooks/${token}` });
    },
  );
}

function incomingView({ id, name, rooms = [], createdAt, revoked }: KeyRecord): object {
  const [room = "", ...channels] = rooms;
  return { id, name, room, channels, created_at: new Date(createdAt).toISOString(), revoked };
}

function timeField(name: string, at: number | undefined): object {
  return at === undefined ? {} : { [name]: new Date(at).toISOString() };
}

function webhookView(webhook: WebhookRecord): object {
  const { id, name, url, events, rooms, pausedBecause, lastError } = webhook;
  return {
    id,
    name,
    url,
    events,
    rooms,
    created_at: new Date(webhook.createdAt).toISOString(),
    ...(pausedBecause === undefined ? {} : { paused_because: pausedBecause }),
    ...timeField("last_success_at", webhook.lastSuccessAt),
    ...(lastError === undefined ? {} : { last_error: lastError }),
    ...timeField("last_error_at", webhook.lastErrorAt),
  };
}

function deadView({ number, id, type, room, content, dead }: WebhookDelivery): object {
  return {
    number,
    id,
    type,
    ...(room === "" ? {} : { room }),
    ...("body" in content ? {} : content),
    given_up_at: new Date(dead?.at ?? 0).toISOString(),
    reason: dead?.reason ?? "",
  };
}
