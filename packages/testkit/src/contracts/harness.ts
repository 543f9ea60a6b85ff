import type { Append, Appended, Directory, FileIndex, NewRoom, RoomLog } from "@parlance/core";
import type {
  ClientMessageId,
  DurablePayloads,
  DurableType,
  EventId,
  Principal,
  Role,
  RoomId,
  UserId,
} from "@parlance/protocol";
import { afterAll, beforeAll, beforeEach } from "vitest";

/** What an engine brings to the suites. */
export interface StoreHarness {
  readonly log: RoomLog;
  readonly directory: Directory;
  readonly files: FileIndex;
  /** Removes every room, user, session, key, file and entry of the control log, so that the next test starts afresh. */
  clear(): Promise<void>;
  /** Stops in good order and starts again on the same data: `log`, `directory` and `files` are new ones then. */
  reopen(): Promise<void>;
  /** Another node's store on the same data. Absent where no other node can have one. */
  beside?(): Promise<StoreBeside>;
  close(): Promise<void>;
}

/** What another node has. */
export interface StoreBeside {
  readonly directory: Directory;
  close(): Promise<void>;
}

/** Opens an engine on empty data. */
export type StartStore = () => Promise<StoreHarness>;

/** Gives the store of the running test. */
export type UseStore = () => StoreHarness;

/** One store for the surrounding block (opening an engine may be slow), emptied before each test. */
export function useStore(start: StartStore): UseStore {
  let harness: StoreHarness | undefined;
  beforeAll(async () => {
    harness = await start();
  });
  beforeEach(async () => {
    await harness?.clear();
  });
  afterAll(async () => {
    await harness?.close();
  });
  return () => {
    if (harness === undefined) throw new Error("only inside a test");
    return harness;
  };
}

/** An arbitrary moment; tests count on from it. */
export const someTime: number = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export const roomId = (id: string): RoomId => id as RoomId;
export const userId = (id: string): UserId => id as UserId;

export const publicRoom: NewRoom = { kind: "public", title: "Room", createdAt: someTime };

/** Parts of an append that a test may choose. */
export interface Choice {
  readonly room?: string;
  readonly id?: string;
  readonly user?: string;
  readonly principal?: string;
  readonly key?: string;
  readonly time?: number;
  readonly revision?: number;
  readonly create?: NewRoom;
}

let ids = 0;

function envelope(choice: Choice): Omit<Append, "event"> {
  ids += 1;
  const { room = "r1", user = "u1", key, revision, create } = choice;
  return {
    room: roomId(room),
    id: (choice.id ?? `event-${ids}`) as EventId,
    author: userId(user),
    principal: (choice.principal ?? user) as Principal,
    time: choice.time ?? someTime,
    ...(key === undefined ? {} : { clientMessageId: key as ClientMessageId }),
    ...(revision === undefined ? {} : { revision }),
    ...(create === undefined ? {} : { create }),
  };
}

export function message(text: string, choice: Choice & { readonly name?: string } = {}): Append {
  const data = { text, author_name: choice.name ?? "Ada" };
  return { ...envelope(choice), event: { type: "message.created", data } };
}

export function joined(user: string, choice: Choice & { readonly role?: Role } = {}): Append {
  const data = { user: userId(user), name: `name of ${user}`, role: choice.role ?? "member" };
  return { ...envelope({ user, ...choice }), event: { type: "member.joined", data } };
}

export function left(user: string, choice: Choice = {}): Append {
  const data = { user: userId(user), name: `name of ${user}`, reason: "left" } as const;
  return { ...envelope({ user, ...choice }), event: { type: "member.left", data } };
}

/** Any other event. */
export function event<T extends DurableType>(
  type: T,
  data: DurablePayloads[T],
  choice: Choice = {},
): Append {
  return { ...envelope(choice), event: { type, data } };
}

/** The outcome as a stored one. */
export function stored(appended: Appended): Appended & { readonly outcome: "stored" } {
  if (appended.outcome !== "stored") throw new Error(`not stored but ${appended.outcome}`);
  return appended;
}

/** Texts of a page, for comparing. */
export async function textsOf(log: RoomLog, room: string): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const page = await log.read({ room: roomId(room), after: texts.length, limit: 200 });
    if (page === undefined || page.events.length === 0) return texts;
    for (const { frame } of page.events) {
      texts.push(
        "data" in frame && frame.type === "message.created" ? frame.data.text : frame.type,
      );
    }
  }
}
