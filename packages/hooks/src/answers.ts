/** What answers say, wherever they come from: an application over HTTP or a plug-in. Nothing else of them is taken. */
import type { Asker, PublishAnswer, Said, VouchedUser } from "@parlance/core";
import {
  type ErrorCode,
  fields,
  isPlainJson,
  type Json,
  jsonLength,
  limits,
  mentionWish,
  ProtocolError,
} from "@parlance/protocol";
import { Silence } from "./silence.ts";

type Members = Readonly<Record<string, unknown>>;

/** The user whom an answer to `connect` names; undefined for nobody. @throws Silence */
export function userIn(value: unknown): VouchedUser | undefined {
  if (value === null || value === undefined) return undefined;
  const { user_id: user, name } = membersOf(value);
  if (user === undefined) return undefined;
  const isId =
    (typeof user === "number" && Number.isSafeInteger(user)) ||
    (typeof user === "string" && fields.userId.safeParse(user).success);
  if (!isId) throw new Silence("answer not understood");
  return { user, ...(typeof name === "string" ? { name } : {}) };
}

/** What is to be stored: `said` itself where the answer changes nothing. @throws Silence */
export function answerIn(value: unknown, said: Said): PublishAnswer {
  if (value === null || value === undefined) return said;
  const members = membersOf(value);
  const links = linksIn(members);
  const what = saidIn(members, said);
  return Object.keys(links).length === 0 ? what : { ...what, ...links };
}

/** @throws Silence */
function linksIn({
  thread,
  reply_to,
  mentions,
  only_you,
}: Members): Omit<PublishAnswer, keyof Said> {
  const linked: Record<string, unknown> = {};
  for (const [name, ref] of Object.entries({ thread, reply_to })) {
    if (ref === undefined) continue;
    if (ref !== null && !fields.messageRef.safeParse(ref).success) {
      throw new Silence(`${name} not understood`);
    }
    linked[name] = ref;
  }
  if (only_you !== undefined) {
    if (!fields.messageText.safeParse(only_you).success)
      throw new Silence("only_you not understood");
    linked["only_you"] = only_you;
  }
  if (mentions === undefined) return linked;
  const parsed = mentionWish.safeParse(mentions);
  if (!parsed.success) throw new Silence("mentions not understood");
  return { ...linked, mentions: parsed.data };
}

/** @throws Silence */
function saidIn(members: Members, said: Said): Said {
  const { text = said.text, data = said.data } = members;
  if (text === said.text && data === said.data) return said;
  const parsedText = fields.messageText.safeParse(text);
  if (!parsedText.success) throw new Silence("text not understood");
  if (data === undefined || data === null) return { text: parsedText.data };
  const parsedData = fields.messageData.safeParse(data);
  if (!parsedData.success) throw new Silence("data not understood");
  return { text: parsedText.data, data: parsedData.data };
}

/** An answer to a client's question. @throws Silence */
export function jsonAnswer(value: unknown): Json {
  if (value === undefined) return null;
  if (!isPlainJson(value)) throw new Silence("answer not understood");
  if (jsonLength(value) > limits.rpcAnswerBytes) throw new Silence("answer too long");
  return value;
}

/** Characters of the application's words that people get to read. */
const maxWords = 1_024;

/** A refusal in the application's words, where it has some: `{text, code}`. */
export function refusalOf(code: ErrorCode, value: unknown): ProtocolError {
  const { text, code: own } = isMembers(value) ? value : {};
  const words =
    typeof text === "string" && text.trim() !== ""
      ? text.slice(0, maxWords).toWellFormed()
      : undefined;
  const isCode = typeof own === "string" && /^[\w.-]{1,64}$/.test(own);
  const details = isCode ? { application_code: own } : undefined;
  return new ProtocolError(code, details, { text: words });
}

/** Who asks, as applications and plug-ins are told. */
export interface UserFacts {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  /** Of users whom their system knows by a number. */
  readonly number?: number;
  /** Nobody in particular: nothing has said who it is. */
  readonly anonymous?: true;
}

/** The asker's verified identity. */
export function userFacts({ identity }: Asker): UserFacts {
  const { user: id, name, kind, number, isAnonymous } = identity;
  return {
    id,
    name,
    kind,
    ...(number === undefined ? {} : { number }),
    ...(isAnonymous === true ? { anonymous: true } : {}),
  };
}

/** An object. An empty list is one: PHP writes an empty object so. @throws Silence */
export function membersOf(value: unknown): Members {
  if (isMembers(value)) return value;
  if (Array.isArray(value) && value.length === 0) return {};
  throw new Silence("answer not understood");
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
