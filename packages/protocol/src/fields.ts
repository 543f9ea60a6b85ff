/** Schemas of single values, shared by the frames and the REST bodies. */
import { z } from "zod";
import type { Json } from "./canonical.ts";
import type {
  CallId,
  ClientMessageId,
  DeviceId,
  Epoch,
  FileId,
  InviteId,
  RoomId,
  Sequence,
  UserId,
} from "./ids.ts";
import { isPlainJson, isStorable, type JsonObject, jsonLength, utf8Length } from "./json-value.ts";
import { limits } from "./limits.ts";

export { isStorable };

const visibleAscii = /^[\x21-\x7e]+$/;

/** Never contains a wildcard or separator that a broker would act on, except `.` (adapters escape it). */
export const roomId: z.ZodType<RoomId> = z
  .string()
  .max(limits.roomIdLength)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_:.-]*$/) as unknown as z.ZodType<RoomId>;

export const userId: z.ZodType<UserId> = z
  .string()
  .max(limits.userIdLength)
  .regex(visibleAscii) as unknown as z.ZodType<UserId>;

export const clientMessageId: z.ZodType<ClientMessageId> = z
  .string()
  .max(limits.clientMessageIdLength)
  .regex(visibleAscii) as unknown as z.ZodType<ClientMessageId>;

export const deviceId: z.ZodType<DeviceId> = z
  .string()
  .max(limits.deviceIdLength)
  .regex(visibleAscii) as unknown as z.ZodType<DeviceId>;

export const epoch: z.ZodType<Epoch> = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9.]+$/) as unknown as z.ZodType<Epoch>;

/** 0, 1, 2 …, up to 2^53-1. `1.0` and `1e0` are the same JSON number as 1 and pass; `"1"` does not. */
export const sequence: z.ZodType<Sequence> = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A moment: ISO 8601 with `Z` or an offset, to the second or finer; what is finer than a millisecond is cut off. */
export const moment: z.ZodType<string> = z.iso.datetime({ offset: true });

/** What a command and its answer share: an integer or a short string, chosen by the client. */
export const commandId: z.ZodType<number | string> = z.union([
  z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  z.string().min(1).max(64),
]);

/**
 * Characters that show nothing: separators, controls and the invisible formatting characters (zero width
 * space and joiners, direction marks, word joiner, byte order mark, Hangul and Braille blanks).
 */
const invisible = /^[\p{Z}\p{Cc}\p{Cf}\u115f\u1160\u2800\u3164\uffa0]*$/u;

/**
 * Counts UTF-16 code units, as `limits` says. Zod's own `max` counts code points, which a text of emoji could
 * have twice as many units as; and escaped as `\uXXXX` such a text would not fit into a frame.
 */
const atMostUnits =
  (max: number) =>
  (check: z.core.ParsePayload<string>): void => {
    if (check.value.length <= max) return;
    const input = check.value;
    check.issues.push({ code: "too_big", origin: "string", maximum: max, inclusive: true, input });
  };

const storableText: z.ZodType<string> = z
  .string()
  .max(limits.textLength, { abort: true })
  .check(atMostUnits(limits.textLength))
  .refine(isStorable, "not well-formed text, or contains U+0000");

/** Whether a text has anything in it that people see. */
export function isVisible(text: string): boolean {
  return !invisible.test(text);
}

/** A piece of a text that grows: whatever a message may consist of, also nothing. Bounds as of `messageText`. */
export const openText: z.ZodType<string> = storableText;

/** A place in a text that grows, in UTF-16 code units. */
export const textPosition: z.ZodType<number> = z.number().int().min(0).max(limits.openTextLength);

/** What somebody wrote. Too long is told apart from malformed by the decoder (`too_large`). */
export const messageText: z.ZodType<string> = storableText.refine(
  isVisible,
  "nothing to see in it",
);

export const line = (max: number): z.ZodType<string> =>
  z
    .string()
    .min(1)
    .max(max, { abort: true })
    .check(atMostUnits(max))
    .refine(
      (text) => isStorable(text) && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text),
      "not one line of text",
    )
    .refine((text) => !invisible.test(text), "nothing to see in it")
    .refine((text) => text.trim() === text, "blanks at an end");

/** A display name: one line, 1-64 UTF-16 code units, not only blanks, none at its ends. */
export const displayName: z.ZodType<string> = line(limits.nameLength);

/** A room's title: one line, 1-120 UTF-16 code units. */
export const roomTitle: z.ZodType<string> = line(limits.titleLength);

/** What a part of somebody's list of rooms is called: one line. */
export const sectionName: z.ZodType<string> = line(limits.nameLength);

/** What a room is about just now: one line. */
export const topic: z.ZodType<string> = line(limits.topicLength);

/** What somebody says about themselves in a few words: one line. */
export const shortLine: z.ZodType<string> = line(limits.statusLength);

/** A name that the platform's time zone database has. */
export const timeZone: z.ZodType<string> = z
  .string()
  .max(limits.timeZoneLength)
  .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/)
  .refine((name) => {
    try {
      return new Intl.DateTimeFormat("en", { timeZone: name }).format() !== "";
    } catch {
      return false;
    }
  }, "no time zone");

/** A picture's id: as hard to guess as a key. */
export const pictureId: z.ZodType<string> = z.string().regex(/^[A-Za-z0-9]{32}$/);

/** Base64 of a small picture. */
export const pictureData: z.ZodType<string> = z
  .string()
  .max(Math.ceil(limits.pictureBytes / 3) * 4, { abort: true })
  .regex(/^[A-Za-z0-9+/]+={0,2}$/);

/** Several lines of text for people: what a room is for, why somebody wants to come in. */
export const longText: z.ZodType<string> = z
  .string()
  .min(1)
  .max(limits.descriptionLength, { abort: true })
  .check(atMostUnits(limits.descriptionLength))
  .refine(isStorable, "not well-formed text, or contains U+0000")
  .refine(isVisible, "nothing to see in it");

export const token: z.ZodType<string> = z
  .string()
  .min(1)
  .max(limits.tokenLength)
  .regex(visibleAscii);

/** A page's size. Out of range is an error, not clamped: silence would hide a client's mistake. */
export const pageLimit: z.ZodType<number> = z.number().int().min(1).max(limits.pageEvents);
/** As `pageLimit`, where each item stands for much. */
export const threadLimit: z.ZodType<number> = z.number().int().min(1).max(limits.pageThreads);

/** What a page of messages may be asked for by: one of these. */
export interface MessageListPlace {
  readonly before?: Sequence;
  readonly after?: Sequence;
  readonly around?: Sequence;
  readonly at?: string;
}

/** Whether at most one place is named. */
export function isOnePlace({ before, after, around, at }: MessageListPlace): boolean {
  return [before, after, around, at].filter((place) => place !== undefined).length <= 1;
}

/** How a request with several places is refused. */
export const onePlace: { readonly message: string; readonly path: string[] } = {
  message: "only one of before, after, around and at",
  path: ["before"],
};

/** A message by its id, or by its number as a string of digits. */
export const messageRef: z.ZodType<string> = z.string().max(64).regex(visibleAscii);

const notSmallJson = (check: z.core.ParsePayload<unknown>, maxBytes: number): void => {
  const { value, issues } = check;
  if (!isPlainJson(value)) {
    issues.push({ code: "custom", message: "not storable JSON", input: value });
  } else if (jsonLength(value) > maxBytes) {
    const message = `more than ${maxBytes} bytes of JSON`;
    issues.push({
      code: "too_big",
      origin: "string",
      maximum: maxBytes,
      inclusive: true,
      message,
      input: value,
    });
  }
};

/** What an application puts beside a text: an object that takes at most 32 KiB as JSON. */
export const messageData: z.ZodType<JsonObject> = z
  .record(z.string(), z.unknown())
  .check((check) => notSmallJson(check, limits.dataBytes)) as unknown as z.ZodType<JsonObject>;

/** What the application is asked for: `partial_applications`, `poll.vote`. */
export const rpcMethod: z.ZodType<string> = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_.-]*$/);

/** What goes with a question: any JSON of at most 32 KiB. */
export const rpcData: z.ZodType<Json> = z
  .unknown()
  .check((check) => notSmallJson(check, limits.rpcDataBytes)) as unknown as z.ZodType<Json>;

/** What the application answers: any JSON of at most 128 KiB. */
export const rpcAnswer: z.ZodType<Json> = z
  .unknown()
  .check((check) => notSmallJson(check, limits.rpcAnswerBytes)) as unknown as z.ZodType<Json>;

/** Where a cursor is, in the application's own words: any JSON of at most 4 KiB. */
export const cursorPosition: z.ZodType<Json> = z
  .unknown()
  .check((check) => notSmallJson(check, limits.positionBytes)) as unknown as z.ZodType<Json>;

/** Bytes as base64 with padding. @param most Bytes. */
export const base64 = (most: number): z.ZodType<string> =>
  z
    .string()
    .max(4 * Math.ceil(most / 3), { abort: true })
    .refine(
      (text) => text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.replace(/={1,2}$/, "")),
      {
        message: "not base64",
      },
    );
/** What one client of a document shows of itself: an object that takes at most 16 KiB as JSON. */
export const awarenessState: z.ZodType<JsonObject> = z
  .record(z.string(), z.unknown())
  .check((check) => notSmallJson(check, limits.awarenessBytes)) as unknown as z.ZodType<JsonObject>;

/** A client of a document, by the number that it chose, and how often it has said something. */
export const documentClient: z.ZodType<number> = z.int().min(0);
export const clock: z.ZodType<number> = z.int().min(0);
/** What an application says of somebody in a room: any JSON of at most 1 KiB. */
export const userInfo: z.ZodType<Json> = z
  .unknown()
  .check((check) => notSmallJson(check, limits.userInfoBytes)) as unknown as z.ZodType<Json>;

/** One change of a document: a JSON text of at most 64 KiB, which is kept to the byte. */
export const documentChanges: z.ZodType<string> = z
  .string()
  .min(1)
  .max(limits.changesBytes, { abort: true })
  .refine((text) => isStorable(text) && utf8Length(text) <= limits.changesBytes, {
    message: `not storable, or more than ${limits.changesBytes} bytes`,
    abort: true,
  })
  .refine(isJsonText, "not a JSON text");

function isJsonText(text: string): boolean {
  try {
    return isPlainJson(JSON.parse(text));
  } catch {
    return false;
  }
}

/**
 * A reaction: 1-32 UTF-16 code units that show something. No blanks and controls, and nothing that a page which forgets to
 * escape would take for markup.
 */
export const emoji: z.ZodType<string> = z
  .string()
  .min(1)
  .max(limits.emojiLength, { abort: true })
  .check(atMostUnits(limits.emojiLength))
  .refine((text) => isStorable(text) && !/[\p{Cc}\p{Z}<>&"'`]/u.test(text), "not a reaction")
  .refine((text) => !invisible.test(text), "nothing to see in it");

export const callId: z.ZodType<CallId> = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9]+$/) as unknown as z.ZodType<CallId>;

/** Letters and digits only: a file's id becomes a name in a directory. */
export const fileId: z.ZodType<FileId> = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9]+$/) as unknown as z.ZodType<FileId>;

export const inviteId: z.ZodType<InviteId> = z
  .string()
  .regex(/^[0-9a-f]{32}$/) as unknown as z.ZodType<InviteId>;

/** Lower-case hexadecimal. */
export const sha256: z.ZodType<string> = z.string().regex(/^[0-9a-f]{64}$/);

/** `type/subtype` of RFC 6838 §4.2, without parameters. */
export const mediaType: z.ZodType<string> = z
  .string()
  .max(127)
  .regex(/^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$/);
