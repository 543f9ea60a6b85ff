/** `POST /hooks/<token>`: messages from programs that know how to speak to Slack. */
import {
  type Authenticator,
  type Clock,
  type Identity,
  type Ids,
  matchesAny,
  type Node,
  publishEverywhere,
  RateLimit,
  type Report,
  readPublication,
  StorageError,
} from "@parlance/core";
import type { HttpReply, HttpServer } from "@parlance/http";
import {
  type ClientMessageId,
  type ErrorCode,
  fields,
  ProtocolError,
  type RoomId,
} from "@parlance/protocol";
import { readSlack } from "@parlance/webhooks";
import { z } from "zod";

export interface IncomingParts {
  readonly node: Pick<Node, "execute">;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly report: Report;
}

/** As Slack: one a second in the long run, and a few at once. Of one address of a hook. */
const perSecond = 1;
const burst = 30;
/** Buckets that are kept: full ones of those who were not there for longest are forgotten first. */
const maxBuckets = 1_000;
const bodyBytes = 131_072;

/** Slack's words for what can go wrong, and its statuses. */
const words: Readonly<Partial<Record<ErrorCode, readonly [number, string]>>> = {
  unauthenticated: [404, "no_service"],
  banned: [403, "action_prohibited"],
  forbidden: [403, "action_prohibited"],
  not_found: [404, "channel_not_found"],
  bad_request: [400, "invalid_payload"],
  unsupported: [400, "invalid_payload"],
  conflict: [409, "invalid_payload"],
  too_large: [400, "msg_too_long"],
  rate_limited: [429, "rate_limited"],
};

const plainText = (text: z.ZodType) => ({ content: { "text/plain": { schema: text } } });
const refusal = plainText(
  z.enum([...Object.values(words).map(([, text]) => text), "rollup_error"]),
);

/** The route as `/api/openapi.json` has it. What is sent is read and judged here, not by its schema: in Slack's words. */
const described = {
  validatorCompiler: () => (value: unknown) => ({ value }),
  schema: {
    tags: ["Incoming webhooks"],
    summary: "Write a message as programs write to Slack",
    description:
      "The address is the secret: `parlance webhook create --incoming` prints it. A form with this JSON in the field `payload` is understood " +
      "as well. Answers are Slack's words, as plain text.",
    security: [],
    params: z.object({ token: z.string() }),
    body: z.object({
      text: z.string().optional().meta({ description: "What is said, in Slack's `mrkdwn`." }),
      attachments: z.array(z.looseObject({})).optional(),
      blocks: z.array(z.looseObject({})).optional(),
      channel: z.string().optional().meta({ description: "A room that the address is for." }),
      username: z.string().optional().meta({ description: "Kept beside the text." }),
    }),
    response: { 200: plainText(z.literal("ok")), "4xx": refusal, "5xx": refusal },
  },
};

/** To be called before the HTTP server is ready. */
export function mountIncoming(http: HttpServer, parts: IncomingParts): void {
  const { node, authenticator, clock, ids, report } = parts;
  const buckets = new Map<string, RateLimit>();

  const bucketOf = (key: string): RateLimit => {
    const bucket = buckets.get(key) ?? new RateLimit(clock, perSecond, burst);
    buckets.delete(key);
    buckets.set(key, bucket);
    const [oldest] = buckets.keys();
    if (buckets.size > maxBuckets && oldest !== undefined) buckets.delete(oldest);
    return bucket;
  };

  const identify = async (token: string, address: string): Promise<Identity> => {
    // Security: another key's token is not good here, nor this one elsewhere.
    const identity = await authenticator.authenticate({ token, address, ofIncoming: true });
    const waitMs = bucketOf(identity.key ?? identity.principal).take();
    if (waitMs > 0) throw new ProtocolError("rate_limited", { retry_after_ms: waitMs });
    return { ...identity, scopes: ["publish"], cameBy: { dialect: "rest", address } };
  };

  void http.register(async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "string", bodyLimit: bodyBytes }, (_, body, done) =>
      done(null, body),
    );
    app.setErrorHandler((error, _, reply) => refuse(error, reply, report));
    app.post<{ Params: { token: string } }>("/hooks/:token", described, async (request, reply) => {
      const identity = await identify(request.params.token, request.ip);
      const body = typeof request.body === "string" ? request.body : "";
      const message = readSlack(request.headers["content-type"], body);
      if (typeof message === "string") return plain(reply, 400, message);
      const { text, channel, username } = message;
      const said = { text, ...(username === undefined ? {} : { data: { username } }) };
      const publication = readPublication({ room: roomOf(identity, channel), ...said });
      const key =
        keyOf(request.headers["idempotency-key"]) ?? (ids.event() as string as ClientMessageId);
      const [result] = await publishEverywhere(node, identity, publication, key);
      if (result !== undefined && "error" in result) throw result.error;
      return plain(reply, 200, "ok");
    });
  });
}

/** The room that it was made for, or the channel's of that name where it is for that too. */
function roomOf({ rooms = [] }: Identity, channel: string | undefined): RoomId {
  const [home = ""] = rooms;
  const parsed = fields.roomId.safeParse(channel);
  return parsed.success && matchesAny(rooms, parsed.data) ? parsed.data : (home as RoomId);
}

function keyOf(value: string | string[] | undefined): ClientMessageId | undefined {
  if (value === undefined) return undefined;
  const parsed = fields.clientMessageId.safeParse(value);
  if (!parsed.success) throw new ProtocolError("bad_request");
  return parsed.data;
}

function plain(reply: HttpReply, status: number, text: string): HttpReply {
  return reply
    .code(status)
    .header("cache-control", "no-store")
    .type("text/plain; charset=utf-8")
    .send(text);
}

function refuse(error: unknown, reply: HttpReply, report: Report): void {
  if (error instanceof ProtocolError) {
    const [status, text] = words[error.code] ?? [503, "rollup_error"];
    const waitMs = error.details?.["retry_after_ms"];
    if (typeof waitMs === "number") {
      void reply.header("retry-after", Math.max(1, Math.ceil(waitMs / 1_000)));
    }
    void plain(reply, status, text);
    return;
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (status === 413) void plain(reply, 400, "msg_too_long");
  else if (typeof status === "number" && status < 500) void plain(reply, 400, "invalid_payload");
  else {
    if (!(error instanceof StorageError)) report("error", "incoming_hook_failed", { error });
    void plain(reply, 503, "rollup_error");
  }
}
