import type {
  Accounts,
  ApiKeys,
  Authenticator,
  Clock,
  FileStore,
  Ids,
  ImportResult,
  LivingNode,
  MessageTrace,
  Node,
  Profiles,
  Report,
  RoomAdmin,
  Tickets,
  UserAdmin,
  WebhookAdmin,
} from "@parlance/core";
import type {
  ImportedDocumentState,
  ImportedOwn,
  JsonObject,
  RoomId,
  Sequence,
  UserId,
} from "@parlance/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Fastify's instance, for whoever adds pages to it. */
export type HttpServer = FastifyInstance;
export type HttpReply = FastifyReply;
export type HttpRequest = FastifyRequest;

export interface HttpOptions {
  readonly node: Pick<Node, "execute" | "rate" | "askAll">;
  readonly authenticator: Authenticator;
  readonly accounts: Accounts;
  readonly keys: ApiKeys;
  readonly users: UserAdmin;
  readonly rooms: RoomAdmin;
  readonly pictures: Pick<Profiles, "picture">;
  /** Bytes of shared files; without it there are no routes for them. */
  readonly files?: FileStore;
  /** Without it there are no routes for moving to another database. */
  readonly move?: MoveControl;
  /** Without it nothing is imported. */
  readonly importer?: Importer;
  /** What is one person's own, for an export. @throws StorageError */
  readonly exportOwn?: (user: UserId) => AsyncIterable<ImportedOwn>;
  /** The newest kept state of a document before a sequence, for an export. @throws StorageError */
  readonly exportDocumentState?: (
    room: RoomId,
    before: Sequence | undefined,
  ) => Promise<ImportedDocumentState | undefined>;
  /** Without it there are no routes for webhooks. */
  readonly webhooks?: WebhookAdmin;
  /** The nodes that serve this install. @throws StorageError */
  readonly nodes: () => Promise<readonly LivingNode[]>;
  /** Commands of plug-ins. */
  readonly extensions?: readonly ExtensionRoute[];
  /** By id, number or `room:sequence`. @throws StorageError */
  readonly traceMessage: (ref: string) => Promise<MessageTrace | undefined>;
  readonly tickets: Pick<Tickets, "issue">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly report: Report;
  /** Hooks that come before all routes: whoever adds them later is heard by none of these. */
  readonly prepare?: (http: HttpServer) => void;
  /** Told of every request that was answered. */
  readonly answered?: (method: string, status: number, tookMs: number) => void;
  /** Asked at each `GET /ready`. */
  readonly readiness: () => Promise<Readiness>;
  readonly signUpAllowed: boolean;
  readonly guestsAllowed: boolean;
  /**
   * Whether pages of an origin may read answers; others get no CORS header.
   *
   * @param localAddress The server's own end of the connection.
   */
  readonly allowsOrigin: (origin: string, localAddress: string | undefined) => boolean;
  /** Addresses or networks in CIDR form whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Address of the install as people see it; the only one that is ever printed in an answer. */
  readonly publicUrl: string;
  readonly version: string;
}

/** A command of a plug-in, `POST /api/v1/x/<plugin>/<command>`. */
export interface ExtensionRoute {
  readonly plugin: string;
  readonly command: string;
  readonly summary: string;
  /** JSON Schemas, for the document. */
  readonly data: JsonObject;
  readonly answer?: JsonObject;
}

/** Imports items, each with a result. @param isTrial Only looks at them. @throws StorageError */
export type Importer = (
  items: readonly unknown[],
  isTrial: boolean,
) => Promise<readonly ImportResult[]>;

/** Moves the install of the running server to another database. */
export interface MoveControl {
  /** @returns at once; with the phase `refused` and a reason in words if it was not begun. */
  begin(request: MoveRequest): Promise<MoveView>;
  view(): MoveView;
  /** Resolves when it is over. */
  abandon(): Promise<MoveView>;
}

export interface MoveRequest {
  /** As in `database_url`. */
  readonly to: string;
  /** Whether what is there may be overwritten. */
  readonly replace: boolean;
  /** The operator's word that no other server uses the database. */
  readonly onlyNode: boolean;
}

/** How far a move is, as it is told. */
export type MoveView =
  | { readonly phase: "none" }
  | { readonly phase: "refused"; readonly reason: string }
  | {
      readonly phase:
        | "preparing"
        | "copying"
        | "catching_up"
        | "switching"
        | "done"
        | "failed"
        | "abandoned";
      readonly to: string;
      readonly table?: string;
      readonly rows: number;
      readonly total: number;
      readonly changes: number;
      readonly elapsed_ms: number;
      readonly switches: number;
      /** The longest that writes waited at once. */
      readonly held_ms: number;
      readonly reason?: string;
      readonly counts?: Readonly<Record<string, number>>;
    };

/** What `GET /ready` tells: states in one word, never an address, a path or a message of a driver. */
export interface Readiness {
  readonly status: "ready" | "degraded" | "draining" | "unavailable";
  readonly components: Readonly<Record<string, "ok" | "degraded" | "down">>;
  /** Of a server of several processes: which one answers, how many serve and how many should. */
  readonly processes?: { readonly number: number; readonly running: number; readonly of: number };
}
