/** What the server and a plug-in's thread tell each other. Everything is copied on its way. */
import type { JsonObject } from "@parlance/protocol";

/** What a plug-in said of itself when it was loaded. */
export interface Manifest {
  readonly name: string;
  readonly timeoutMs: number;
  readonly fallback: "refuse" | "pass";
  readonly rooms: readonly string[];
  /** Which of the questions it answers. */
  readonly hooks: readonly ("connect" | "join" | "publish")[];
  readonly methods: readonly string[];
  readonly messages: readonly string[];
  readonly commands: readonly CommandManifest[];
  readonly moments: readonly Moment[];
  /** The module that pages load: its source. */
  readonly client?: string;
}

export interface CommandManifest {
  readonly name: string;
  readonly summary: string;
  /** JSON Schemas. */
  readonly data: JsonObject;
  readonly answer?: JsonObject;
}

export const moments = ["connected", "message", "closed", "error"] as const;
export type Moment = (typeof moments)[number];

/** What a thread is asked. */
export type Asked = "connect" | "join" | "publish" | "rpc";

/** To the thread. */
export type ToThread =
  | { readonly type: "ask"; readonly id: number; readonly asked: Asked; readonly question: object }
  | { readonly type: "tell"; readonly moment: Moment; readonly facts: object }
  | { readonly type: "executed"; readonly id: number; readonly reply: unknown }
  | { readonly type: "not_executed"; readonly id: number; readonly error: Refused }
  /** Answered at once by whoever does not run in circles. */
  | { readonly type: "ping" };

/** From the thread. */
export type FromThread =
  | { readonly type: "ready"; readonly manifest: Manifest }
  | { readonly type: "not_ready"; readonly reason: string }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "refusal"; readonly id: number; readonly text: string; readonly code?: string }
  /** Of the error table: what a command in somebody's name was refused with, or data that does not fit. */
  | { readonly type: "error"; readonly id: number; readonly error: Refused }
  | { readonly type: "failure"; readonly id: number; readonly reason: string }
  /** `call`: the question that it belongs to; absent where the plug-in acts for itself. */
  | {
      readonly type: "execute";
      readonly id: number;
      readonly call?: number;
      readonly command: object;
    }
  | { readonly type: "told" }
  | { readonly type: "says"; readonly text: string }
  | { readonly type: "pong" };

/** A `ProtocolError` on its way. */
export interface Refused {
  readonly code: string;
  readonly text: string;
  readonly details?: Readonly<Record<string, unknown>>;
}
