/**
 * What a plug-in is. Types only: a plug-in imports them with `import type`, which is gone when it runs, so its file may lie anywhere.
 * It runs in a thread of its own; what it is given and answers is copied.
 */
import type {
  Command,
  CommandType,
  Json,
  JsonObject,
  MentionWish,
  Published,
  Reply,
  RoomId,
} from "@parlance/protocol";
import type { z } from "zod";

/** What the file exports as `plugin`. Called once, before anybody is let in, and again when the plug-in was started anew. */
export type PluginFactory = (host: PluginHost) => Plugin | Promise<Plugin>;

/** What a plug-in is given. */
export interface PluginHost extends Acting {
  /** Zod, for the schemas of messages and commands. */
  readonly z: typeof z;
  /** `throw refuse("words for people", "code_for_programs")` says no. Whatever else is thrown is a failure. */
  refuse(text: string, code?: string): Error;
  /** Writes a line of the server's log: `plugin_says`. */
  log(text: string): void;
}

/** One plug-in. Every part may be left out but the name. */
export interface Plugin {
  /** 1-32 of `a-z0-9_`, the first a letter. Its commands, messages and paths begin with it. */
  readonly name: string;
  /** Milliseconds that an answer may take: 100-60,000, 2,000 if absent. */
  readonly timeoutMs?: number;
  /** What silence and failures mean where `connect`, `join` and `publish` are asked: `refuse` if absent. */
  readonly fallback?: "refuse" | "pass";
  /** Rooms that `join` and `publish` are asked about, with `*` for anything; all if absent. */
  readonly rooms?: readonly string[];

  /** Whose connection it is. Nothing: another way is tried. */
  connect?(handshake: Handshake): Maybe<{ user_id: string | number; name?: string }>;
  /** Whether somebody may come in whom the room's rules would let in. */
  join?(question: JoinQuestion): Maybe<void>;
  /** What becomes of a message or an edit: nothing for as it is, or what is to be stored instead. */
  publish?(question: PublishQuestion): Maybe<PublishAnswer>;
  /** Answers to clients' questions (`rpc`), by method. */
  readonly methods?: Readonly<Record<string, (call: Call) => Maybe<unknown>>>;

  /**
   * Types of messages: the schema of `data` where its `type` is `<plugin>.<name>`. A message of the plug-in's that does not fit is
   * refused, whoever writes it and over whichever wire.
   */
  readonly messages?: Readonly<Record<string, z.ZodType>>;
  /** Commands of its own: the frame `<plugin>.<name>`, `POST /api/v1/x/<plugin>/<name>`, and `rpc` of that method. */
  readonly commands?: Readonly<Record<string, PluginCommand>>;
  /**
   * What the SDK's client gets. Runs in the page: the text of this function is served as `/plugins/<plugin>/client.js`, so it
   * sees nothing of this file.
   */
  extend?(client: ExtendableClient): void;

  /** Somebody connected. The four moments are told, and nobody waits for what they do. */
  connected?(connection: ConnectionFacts): Maybe<void>;
  /** A message was stored: told once, on the node that stored it. */
  message?(message: MessageFacts): Maybe<void>;
  closed?(connection: ConnectionFacts & { readonly reason: string }): Maybe<void>;
  /** Something that a connection asked for was not done. */
  error?(
    connection: ConnectionFacts & { readonly code: string; readonly text: string },
  ): Maybe<void>;
}

export type Maybe<T> = T | undefined | Promise<T | undefined>;

/** A command of a plug-in's own. */
export interface PluginCommand {
  /** One sentence for the API's document. */
  readonly summary: string;
  /** Its data is checked before `run` sees it. */
  readonly data: z.ZodType;
  /** For the API's document. */
  readonly answer?: z.ZodType;
  /** @returns what the caller is answered: any JSON. */
  run(call: Call): Maybe<unknown>;
}

/** Who is asked for, always verified. */
export interface Asked {
  readonly user: UserFacts;
  /** The wire; `http` for REST. */
  readonly dialect: string;
}

/** A question of somebody, and what can be done in their name while it is not answered. */
export interface Call extends Asked, Acting {
  readonly method: string;
  /** As the command's schema gives it back; of a method what the client sent. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the plug-in's own schema says what it is
  readonly data: any;
}

/** Acts by the commands of the server, and therefore by its rules: what the one in whose name it is may not do is refused. */
export interface Acting {
  /** Writes a message. @param said `key` makes it safe to say the same again. */
  publish(
    room: string,
    said: {
      readonly text: string;
      readonly data?: JsonObject;
      readonly thread?: string;
      readonly reply_to?: string;
      readonly mentions?: MentionWish;
      readonly key?: string;
    },
  ): Promise<Published>;
  /** Any command of docs/protocol/native.md that needs no connection. */
  execute<T extends CommandType>(
    command: { readonly type: T } & Readonly<Record<string, unknown>>,
  ): Promise<Reply<T>>;
}

export interface UserFacts {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly number?: number;
  readonly anonymous?: true;
}

export interface Handshake {
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  readonly address: string;
  readonly dialect: string;
}

export interface JoinQuestion extends Asked {
  readonly room: RoomId;
  readonly kind: string;
}

/** What is to be stored instead: what is absent stays as it was sent, null takes it away. */
export interface PublishAnswer {
  readonly text?: string;
  readonly data?: JsonObject | null;
  /** A message of the room, by id or number: under which it is a reply, which it answers. Not of an edit. */
  readonly thread?: string | null;
  readonly reply_to?: string | null;
  /** Whom it mentions beside those whom the text names. */
  readonly mentions?: MentionWish;
  /** Words that the writer alone sees, once the message is stored. Not of an edit. */
  readonly only_you?: string;
}

export interface PublishQuestion extends Asked {
  readonly room: RoomId;
  readonly text: string;
  readonly data?: JsonObject;
  readonly thread?: string;
  readonly reply_to?: string;
  readonly client_message_id?: string;
  /** The message that it replaces. */
  readonly edits?: string;
}

export interface ConnectionFacts {
  readonly connection_id: string;
  /** 1, 2, 3 … of this node's connections since its start. */
  readonly number: number;
  readonly dialect: string;
  readonly address: string;
  /** Once it is known. */
  readonly user?: UserFacts;
}

export interface MessageFacts extends Asked {
  readonly room: RoomId;
  readonly sequence: number;
  readonly message_id: string;
  readonly text: string;
  readonly data?: JsonObject;
  /** ISO 8601. */
  readonly time: string;
  /** Absent where it came over no connection. */
  readonly connection_id?: string;
}

/** The part of the SDK's client that an extension stands on. */
export interface ExtendableClient {
  rpc(method: string, data?: Json): Promise<Json>;
}

export type { Command, Json, JsonObject };
