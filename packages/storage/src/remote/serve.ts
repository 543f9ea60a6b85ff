/** The owner's side: other processes of this machine use its store. */
import { chmodSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type Fleet, StorageError } from "@parlance/core";
import type { Ports } from "../ports.ts";
import type { Store } from "../store.ts";
import { FrameReader, writeFrame, writeFrames } from "./frames.ts";
import { type Answer, type Method, methods, type OwnerFrame, type Request } from "./messages.ts";

/** Unsent bytes of answers from which on no more is asked by that process, until it has taken some. */
const maxUnsentBytes = 16_777_216;
/** Calls of one process that may be under way: the writer's queue belongs to all of them. */
const maxUnderway = 25_000;
/** Answers of one frame, so that the first of very many need not wait for the last. */
const answersAtOnce = 1_000;

/** A store that others reach. */
export interface ServedStore {
  /** Ends all connections. The store itself stays open: it is the owner's. */
  close(): Promise<void>;
}

/**
 * Serves a store on a Unix domain socket that only this user can reach. What a dead process left at the path is taken away.
 * Calls of all connections meet in the store, so appends of all processes share its group commit.
 *
 * @param fleet Where the processes say that they live, if the store has no place for it.
 * @throws the system's error, `EADDRINUSE` if somebody is alive there.
 */
export async function serveStore(
  store: Store,
  path: string,
  fleet: Fleet | undefined = store.fleet,
): Promise<ServedStore> {
  const guests = new Set<Guest>();
  const server = createServer((socket) => {
    const guest = new Guest(store, fleet, socket);
    guests.add(guest);
    socket.once("close", () => guests.delete(guest));
  });
  try {
    await listen(server, path);
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    if (!isTaken || (await answers(path))) throw error;
    unlinkSync(path);
    await listen(server, path);
  }
  /* Security: who can write to this socket is the database's owner, past every right that the core asks for. */
  chmodSync(path, 0o600);
  void store.checked.then(() => {
    for (const guest of guests) guest.tell({ type: "checked", status: store.status() });
  });
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const guest of guests) guest.end();
      await closed;
    },
  };
}

/** One process that uses the store. */
class Guest {
  readonly #ports: Omit<Ports, "fleet"> & Partial<Ports>;
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  #answers: Answer[] = [];
  #underway = 0;

  constructor(store: Store, fleet: Fleet | undefined, socket: Socket) {
    const { log, directory, files, outbox, rates, webhooks } = store;
    this.#ports = { log, directory, files, outbox, rates, webhooks, ...(fleet && { fleet }) };
    this.#socket = socket;
    const { installId, weaknesses } = store;
    this.tell({ type: "hello", installId, weaknesses, status: store.status() });
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#heard(chunk));
    socket.on("drain", () => this.#goOn());
  }

  tell(frame: OwnerFrame): void {
    if (this.#socket.writable) this.#socket.write(writeFrame(frame));
  }

  end(): void {
    this.#socket.destroy();
  }

  #heard(chunk: Buffer): void {
    try {
      for (const requests of this.#reader.read(chunk)) {
        for (const request of requests as readonly Request[]) this.#call(request);
      }
    } catch {
      // Only a bug writes that. The other side sees its connection end and makes a new one.
      this.#socket.destroy();
    }
    if (this.#underway >= maxUnderway) this.#socket.pause();
  }

  #call([id, number, args]: Request): void {
    const method = methods[number];
    if (method === undefined) throw new Error("no such method");
    this.#underway += 1;
    call(this.#ports, method, args).then(
      (value) => this.#answer([id, value]),
      (error: unknown) => {
        const { message, effect } = asStorageError(error, method);
        this.#answer([id, undefined, message, effect]);
      },
    );
  }

  /** At the end of the turn: what one transaction brought for this process is one write. */
  #answer(answer: Answer): void {
    this.#underway -= 1;
    this.#answers.push(answer);
    if (this.#answers.length === 1) setImmediate(() => this.#send());
  }

  #send(): void {
    const waiting = this.#answers;
    this.#answers = [];
    if (!this.#socket.writable) return;
    const wrap = (answers: readonly Answer[]): OwnerFrame => ({ type: "answers", answers });
    this.#socket.cork();
    for (const frame of writeFrames(waiting, answersAtOnce, wrap)) this.#socket.write(frame);
    this.#socket.uncork();
    if (this.#socket.writableLength > maxUnsentBytes) this.#socket.pause();
    else this.#goOn();
  }

  #goOn(): void {
    const isFull = this.#underway >= maxUnderway || this.#socket.writableLength > maxUnsentBytes;
    if (!isFull && this.#socket.isPaused()) this.#socket.resume();
  }
}

/* The table has only names that the port has. A method that throws instead of rejecting is answered too. */
async function call(
  ports: Partial<Ports>,
  { port, name }: Method,
  args: readonly unknown[],
): Promise<unknown> {
  type Methods = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;
  const methodsOfPort = ports[port] as unknown as Methods | undefined;
  if (methodsOfPort === undefined) throw new StorageError(`there is no ${port} here`, "none");
  return methodsOfPort[name]?.(...args);
}

function asStorageError(error: unknown, { effect }: Method): StorageError {
  if (error instanceof StorageError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StorageError(message, effect === "read" ? "none" : "unknown");
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
