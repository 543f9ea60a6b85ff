/**
 * A client as the protocol's document asks for it, over a plain WebSocket, that writes down everything it does and is
 * told: resumes by position, sends what is outstanding first and in order, goes to another node when its own is gone.
 */
import { canonicalize, type Json } from "@parlance/protocol";
import type { Random } from "../simulation/random.ts";
import type { Entry, History, Place, Seen } from "./history.ts";
import { type Frame, Line, type LineEnd, type Patience } from "./line.ts";
import { Writer } from "./writer.ts";

/** Where clients connect. */
export interface Door {
  readonly name: string;
  readonly socketUrl: string;
}

/** What a client is made of. */
export interface ClientOptions {
  readonly name: string;
  readonly user: string;
  /** A token to sign in with, asked for before each sign-in; undefined: it gets none any more and stays away. */
  readonly token: () => string | undefined;
  /** Where it may connect; it begins at one of them and goes to another when that fails. */
  readonly doors: readonly Door[];
  readonly random: Random;
  /** Messages of one room on their way at once. */
  readonly pipeline?: number;
  readonly patience?: Patience;
  /** Goes on asking for rooms that it was refused, so often. */
  readonly askAgainMs?: number;
}

interface Wish {
  readonly room: string;
  readonly hasPresence: boolean;
  place: Place | undefined;
  isLive: boolean;
}

const patience: Patience = { openMs: 2_000, askMs: 1_000, giveUpMs: 2_500 };
/** Close codes from here on mean: do not come back. */
const firstFinalCode = 4_500;
/** `goodbye` is obeyed, but a test does not wait longer. */
const maxGoodbyeMs = 2_000;

export class RecordingClient {
  readonly name: string;
  readonly user: string;
  readonly history: History;
  readonly writer: Writer;
  /** Whom it was told to be present, by room. */
  readonly present: Map<string, Set<string>> = new Map();
  /** Told away for good, or stopped. */
  isOver: boolean = false;
  /** The door of the present line. */
  door: Door | undefined;
  #isOnline = false;
  readonly #options: ClientOptions;
  readonly #wishes = new Map<string, Wish>();
  #line: Line | undefined;
  #timer: NodeJS.Timeout | undefined;
  #askTimer: NodeJS.Timeout | undefined;
  #comesBackAt = 0;

  constructor(options: ClientOptions) {
    this.name = options.name;
    this.user = options.user;
    this.#options = options;
    const isAlone = (options.pipeline ?? 1) === 1;
    this.history = {
      client: options.name,
      user: options.user,
      isAlone,
      entries: [],
      places: new Map(),
    };
    this.writer = new Writer(options.name, options.pipeline ?? 1, options.random, {
      ask: (command) => this.ask(command),
      isOnline: () => this.#isOnline,
      record: (entry) => this.record(entry),
    });
  }

  /** What it would sign in with now. */
  token(): string | undefined {
    return this.#options.token();
  }

  record(entry: Entry): void {
    this.history.entries.push(entry);
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Connects and stays connected. Resolves when it is signed in and has what it wishes for, or is told to stay away. */
  async start(): Promise<void> {
    this.isOver = false;
    this.#dial();
    while (!this.#isOnline && !this.isOver) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  /** Goes away and stays away. */
  stop(): void {
    this.isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#askTimer);
    this.#line?.drop();
  }

  /** Loses its line; it comes back by itself. */
  drop(): void {
    this.#line?.drop();
  }

  /** Ends its line in good order and stays away. */
  leaveCleanly(): void {
    this.isOver = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#askTimer);
    this.#line?.close();
  }

  set isReading(value: boolean) {
    if (this.#line !== undefined) this.#line.isReading = value;
  }

  /** @returns undefined where there is no line, or it ended before an answer came. */
  ask(command: Frame): Promise<Frame | undefined> {
    return this.#line?.ask(command) ?? Promise.resolve(undefined);
  }

  /** Wishes to hear a room, from its beginning as far as the client is concerned. */
  async watch(room: string, hasPresence = false): Promise<void> {
    const wish: Wish = { room, hasPresence, place: undefined, isLive: false };
    this.#wishes.set(room, wish);
    if (this.#isOnline) await this.#subscribe(wish);
  }

  /** Whether it hears all the rooms that it wishes for. */
  get isLive(): boolean {
    return this.#isOnline && [...this.#wishes.values()].every(({ isLive }) => isLive);
  }

  isSubscribed(room: string): boolean {
    return this.#wishes.get(room)?.isLive === true;
  }

  placeIn(room: string): Place | undefined {
    return this.#wishes.get(room)?.place;
  }

  // --- Connecting -------------------------------------------------------------------------------------

  #dial(): void {
    if (this.isOver) return;
    const token = this.#options.token();
    if (token === undefined) {
      this.isOver = true;
      return;
    }
    const others = this.#options.doors.filter((door) => door !== this.door);
    const door = this.#options.random.pick(others.length > 0 ? others : this.#options.doors);
    this.door = door;
    const line = new Line(
      door.socketUrl,
      this.#options.patience ?? patience,
      {
        frame: (frame) => this.#heard(frame),
        ended: (end) => this.#ended(line, end),
        unanswered: (command) => {
          const at = performance.now();
          this.record({ kind: "unanswered", at, command: JSON.stringify(command).slice(0, 200) });
        },
      },
      () => void this.#signIn(line, token),
    );
    this.#line = line;
  }

  async #signIn(line: Line, token: string): Promise<void> {
    const answer = await line.ask({ type: "sign_in", token });
    // Its credential is worth nothing any more: it is not asked to come back, and has no other.
    if (answer?.["retry"] === "after_auth") this.isOver = true;
    if (answer?.["type"] !== "reply" || this.#line !== line) return;
    this.record({ kind: "online", at: performance.now(), node: this.door?.name ?? "" });
    await this.#resumeAll();
    if (this.#line !== line) return;
    this.#isOnline = true;
    this.writer.begin();
    this.#askAgain();
  }

  async #resumeAll(): Promise<void> {
    const wishes = [...this.#wishes.values()];
    const known = wishes.filter((wish) => wish.place !== undefined);
    const waits: Promise<void>[] = [];
    if (known.length > 0) waits.push(this.#resume(known));
    for (const wish of wishes) {
      if (wish.place === undefined) waits.push(this.#subscribe(wish));
    }
    await Promise.all(waits);
  }

  async #resume(known: readonly Wish[]): Promise<void> {
    const wanted = known.map(({ place }) => place);
    const rooms = known.map(({ room, hasPresence, place }) => ({
      room,
      position: place,
      ...(hasPresence ? { presence: true } : {}),
    }));
    const taken = (answer: Frame): void => {
      if (answer["type"] !== "reply") return;
      const { rooms: places } = answer["result"] as { readonly rooms: readonly Frame[] };
      for (const [index, wish] of known.entries()) {
        const place = places[index] ?? {};
        if (place["error"] === undefined) this.#subscribed(wish, wanted[index], place);
        else this.#shut(wish, wanted[index], place["error"] as Frame);
      }
    };
    await this.#askFirst({ type: "resume", rooms }, taken);
  }

  async #subscribe(wish: Wish): Promise<void> {
    const { room, hasPresence, place } = wish;
    const wanted = place;
    const command = {
      type: "subscribe",
      room,
      ...(wanted === undefined ? {} : { position: wanted }),
      ...(hasPresence ? { presence: true, with_present: true } : {}),
    };
    await this.#askFirst(command, (answer) => {
      if (answer["type"] === "reply") this.#subscribed(wish, wanted, answer["result"] as Frame);
      else this.#shut(wish, wanted, answer);
    });
  }

  /* The answer must be taken before the events that follow it in the same read: a promise would be too late. */
  async #askFirst(command: Frame, taken: (answer: Frame) => void): Promise<void> {
    const answer = await this.#line?.askNow(command, taken);
    if (answer?.["type"] === "error" && answer["retry"] === "later") {
      await new Promise((resolve) => setTimeout(resolve, 100));
      this.#line?.drop();
    }
  }

  #subscribed(wish: Wish, wanted: Place | undefined, place: Frame): void {
    const { epoch, offset, head } = place as unknown as Place & { readonly head: number };
    const at = performance.now();
    const entry = { kind: "subscribed", at, room: wish.room, wanted } as const;
    this.record({ ...entry, place: { epoch, offset }, head });
    wish.isLive = true;
    this.#moved(wish, { epoch, offset });
    const present = place["present"] as readonly { readonly id: string }[] | undefined;
    if (present !== undefined) this.present.set(wish.room, new Set(present.map(({ id }) => id)));
    else if (wish.hasPresence) this.#askWhoIsThere(wish.room);
  }

  /* A resumed subscription brings no list; what is told from then on is applied to the answer. */
  #askWhoIsThere(room: string): void {
    void this.#line?.askNow({ type: "presence", room }, (answer) => {
      if (answer["type"] !== "reply") return;
      const { users } = answer["result"] as { readonly users: readonly { readonly id: string }[] };
      this.present.set(room, new Set(users.map(({ id }) => id)));
    });
  }

  #shut(wish: Wish, wanted: Place | undefined, error: Frame): void {
    const at = performance.now();
    const { room } = wish;
    wish.isLive = false;
    this.history.places.delete(room);
    if (error["code"] === "resync_required") {
      const details = error["details"] as { readonly epoch?: string } | undefined;
      this.record({ kind: "reset", at, room, wanted, epoch: details?.epoch });
      wish.place = undefined;
      void this.#subscribe(wish);
    } else if (error["retry"] === "never") {
      const [code, text] = [String(error["code"]), String(error["text"])];
      this.record({ kind: "shut", at, room, code, text });
    }
  }

  #moved(wish: Wish, place: Place): void {
    wish.place = place;
    this.history.places.set(wish.room, place);
  }

  #askAgain(): void {
    const { askAgainMs } = this.#options;
    if (askAgainMs === undefined) return;
    clearTimeout(this.#askTimer);
    this.#askTimer = setTimeout(() => {
      if (!this.#isOnline) return;
      const shut = [...this.#wishes.values()].filter(({ isLive }) => !isLive);
      void Promise.all(shut.map((wish) => this.#subscribe(wish))).then(() => this.#askAgain());
    }, askAgainMs);
  }

  #ended(line: Line, { code, byClient }: LineEnd): void {
    if (this.#line !== line) return;
    this.#line = undefined;
    this.#isOnline = false;
    for (const wish of this.#wishes.values()) wish.isLive = false;
    this.record({ kind: "offline", at: performance.now(), code, byClient });
    this.writer.lost();
    if (code >= firstFinalCode) this.isOver = true;
    if (this.isOver) {
      this.history.places.clear();
      return;
    }
    const ownMs = this.#options.random.between(20, 250);
    const told = Math.min(this.#comesBackAt - performance.now(), maxGoodbyeMs);
    this.#comesBackAt = 0;
    this.#timer = setTimeout(() => this.#dial(), Math.max(ownMs, told));
  }

  // --- Events -----------------------------------------------------------------------------------------

  #heard(frame: Frame): void {
    const { type } = frame;
    const room = frame["room"] as string | undefined;
    if (type === "goodbye") {
      this.#comesBackAt = performance.now() + Number(frame["reconnect_after_ms"]);
      return;
    }
    const wish = room === undefined ? undefined : this.#wishes.get(room);
    if (room === undefined) return;
    if (type === "unsubscribed" || type === "reset") {
      if (wish === undefined) return;
      const code = type === "reset" ? "resync_required" : String(frame["code"]);
      const details = { epoch: frame["epoch"] };
      this.#shut(wish, wish.place, { code, retry: "never", text: "", details });
    } else if (typeof frame["sequence"] === "number") this.#delivered(room, wish, frame);
    else this.#ephemeral(room, frame);
  }

  #delivered(room: string, wish: Wish | undefined, frame: Frame): void {
    const epoch = wish?.place?.epoch ?? "";
    const seen = seenOf(room, epoch, frame);
    this.record({ kind: "delivered", at: performance.now(), ...seen });
    if (wish?.place === undefined) return;
    const offset = Math.max(wish.place.offset, seen.sequence);
    this.#moved(wish, { epoch, offset });
  }

  #ephemeral(room: string, frame: Frame): void {
    const readMark = frame["read_mark"] as number | undefined;
    const user = frame["user"] as string | undefined;
    const type = String(frame["type"]);
    this.record({ kind: "ephemeral", at: performance.now(), room, type, user, readMark });
    if (type !== "presence") return;
    if (frame["omitted"] === true) {
      this.#askWhoIsThere(room);
      return;
    }
    const { online = [], offline = [] } = frame as {
      readonly online?: readonly { readonly id: string }[];
      readonly offline?: readonly string[];
    };
    const present = this.present.get(room) ?? new Set();
    for (const { id } of online) present.add(id);
    for (const id of offline) present.delete(id);
    this.present.set(room, present);
  }

  /** Reads a page of history and writes down what it says. @returns the answer's code, `ok` or that of an error. */
  async page(room: string, query: Frame = {}): Promise<string> {
    const answer = await this.ask({ type: "history", room, ...query });
    if (answer?.["type"] !== "reply") return codeOf(answer);
    const { epoch, events } = answer["result"] as {
      readonly epoch: string;
      readonly events: readonly Frame[];
    };
    const at = performance.now();
    for (const event of events) this.record({ kind: "paged", at, ...seenOf(room, epoch, event) });
    return "ok";
  }
}

/** The code of an error; `ok` of a reply, `offline` where no answer came. */
export function codeOf(answer: Frame | undefined): string {
  if (answer === undefined) return "offline";
  const { code, type } = answer;
  return type === "reply" ? "ok" : typeof code === "string" ? code : "";
}

function seenOf(room: string, epoch: string, frame: Frame): Seen {
  const { data } = frame;
  return {
    room,
    epoch,
    sequence: frame["sequence"] as number,
    id: String(frame["id"]),
    author: String(frame["author"]),
    type: String(frame["type"]),
    clientMessageId: frame["client_message_id"] as string | undefined,
    payload: data === undefined ? undefined : canonicalize(data as Json),
  };
}
