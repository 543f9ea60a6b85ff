import type {
  CommandType,
  Json,
  Reply,
  RoomId,
  RoomList,
  RoomView,
  SearchResult,
  ServerFrame,
  SignedIn,
  UserId,
  WireUser,
} from "@parlance/protocol";
import { firstWindowMs, maxWindowMs, reconnectDelay, stableMs } from "./backoff.ts";
import { Credentials } from "./credentials.ts";
import { Emitter } from "./emitter.ts";
import { ClientError } from "./errors.ts";
import { Line } from "./line.ts";
import type { Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { ReadingClient } from "./reading.ts";
import { Requests } from "./requests.ts";
import { LiveRoom } from "./room.ts";
import { beginAll, closed } from "./subscription.ts";
import type {
  Client,
  ClientEvents,
  ClientOptions,
  ClientState,
  CommandBody,
  NewRoom,
  Room,
  SearchOptions,
  Unlisten,
  WebSocketConstructor,
} from "./types.ts";

/** How long opening a socket, or the answer to a `ping`, may take; doubles with each time that was too short. */
const firstPatienceMs = 2_000;
/** How long a token source may take. */
const sourceTimeoutMs = 15_000;
/** The least delay after the server said that it is too busy. */
const busyDelayMs = 1_000;

/** Makes a client. It does nothing until `connect`. */
export function createClient(options: ClientOptions): Client {
  return new LiveClient(options);
}

type Platform = {
  readonly WebSocket?: WebSocketConstructor;
  readonly addEventListener?: (type: "online", listener: () => void) => void;
  readonly removeEventListener?: (type: "online", listener: () => void) => void;
};
const platform = globalThis as Platform;

class LiveClient extends ReadingClient implements Client, Link {
  state: ClientState = { status: "idle" };
  user: WireUser | undefined;
  session: SignedIn | undefined;
  line: Line | undefined;
  readonly #options: ClientOptions;
  readonly #WebSocket: WebSocketConstructor;
  readonly #credentials: Credentials;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #rooms = new Map<RoomId, LiveRoom>();
  readonly #outbox: Outbox = new Outbox(this);
  readonly #requests: Requests;
  /** The socket that is open or opening, signed in or not. */
  #socket: Line | undefined;
  /** Grows with each attempt and each end, so that late answers of a token source are noticed. */
  #turn = 0;
  #attemptTimer: ReturnType<typeof setTimeout> | undefined;
  #renewTimer: ReturnType<typeof setTimeout> | undefined;
  #patienceMs = firstPatienceMs;
  /** When the line was last well, in the outage that goes on; of an online client: when it came up. */
  #downSince = 0;
  #onlineSince = 0;
  /** Credentials refused in a row. */
  #refusals = 0;
  /** When the server that said goodbye wants us back. */
  #welcomeAt = 0;
  #connected: PromiseWithResolvers<WireUser> | undefined;

  constructor(options: ClientOptions) {
    super();
    const WebSocket = options.WebSocket ?? platform.WebSocket;
    if (WebSocket === undefined) throw new TypeError("no WebSocket here: pass one in the options");
    if ((options.token === undefined) === (options.guest === undefined)) {
      throw new TypeError("exactly one of token and guest");
    }
    this.#options = options;
    this.#WebSocket = WebSocket;
    this.#credentials = new Credentials(options);
    this.#requests = new Requests(options.commandTimeoutMs ?? 15_000);
  }

  get me(): UserId | undefined {
    return this.user?.id;
  }

  connect(): Promise<WireUser> {
    const { status } = this.state;
    if (status === "online") return Promise.resolve(this.state.user);
    if (status === "idle" || status === "closed") {
      this.#connected = Promise.withResolvers<WireUser>();
      // May be ignored, so its rejection must not end a process.
      this.#connected.promise.catch(() => {});
      this.#downSince = Date.now();
      this.#refusals = 0;
      platform.addEventListener?.("online", this.#onNetwork);
      void this.#attempt();
    }
    this.#connected ??= Promise.withResolvers<WireUser>();
    return this.#connected.promise;
  }

  close(): void {
    this.#closeForGood(undefined);
  }

  on<K extends keyof ClientEvents>(event: K, listener: (value: ClientEvents[K]) => void): Unlisten {
    return this.#emitter.on(event, listener);
  }

  room(id: string): Room {
    return this.#room(id as RoomId);
  }

  listRooms(): Promise<RoomList> {
    return this.request<"list_rooms">({ type: "list_rooms" });
  }

  createRoom({ kind, title, room }: NewRoom): Promise<RoomView> {
    const wish = room === undefined ? {} : { room: room as RoomId };
    return this.request<"create_room">({ type: "create_room", kind, title, ...wish });
  }

  openDirect(users: readonly string[]): Promise<RoomView> {
    return this.request<"open_direct">({ type: "open_direct", users: users as readonly UserId[] });
  }

  search(query: string, options?: SearchOptions): Promise<SearchResult> {
    return this.request<"search">({ type: "search", query, ...options });
  }

  async rpc(method: string, data?: Json): Promise<Json> {
    const body = data === undefined ? {} : { data };
    return (await this.request<"rpc">({ type: "rpc", method, ...body })).data;
  }

  request<T extends CommandType>(command: CommandBody<T>): Promise<Reply<T>> {
    if (this.state.status === "closed") return Promise.reject(this.state.error ?? closed());
    return this.#requests.request<T>(this.line, command);
  }

  report(error: ClientError): void {
    this.#emitter.emit("error", error);
  }

  #room(id: RoomId): LiveRoom {
    let room = this.#rooms.get(id);
    if (room === undefined) {
      room = new LiveRoom(id, this, this.#outbox);
      this.#rooms.set(id, room);
    }
    return room;
  }

  #setState(state: ClientState): void {
    this.state = state;
    this.#emitter.emit("state", state);
  }

  async #attempt(error?: ClientError): Promise<void> {
    clearTimeout(this.#attemptTimer);
    this.#turn += 1;
    const turn = this.#turn;
    this.#setState(
      error === undefined ? { status: "connecting" } : { status: "connecting", error },
    );
    let command: CommandBody<"sign_in">;
    this.#attemptTimer = setTimeout(() => {
      this.#turn += 1;
      this.#wait(this.#reportSource("the source does not answer"), 0);
    }, sourceTimeoutMs);
    try {
      command = await this.#credentials.signIn();
    } catch (cause) {
      if (turn === this.#turn) this.#wait(this.#reportSource(cause), 0);
      return;
    }
    if (turn !== this.#turn) return;
    clearTimeout(this.#attemptTimer);
    try {
      this.#open(command);
    } catch (cause) {
      this.#closeForGood(new ClientError("bad_request", String(cause), "never"));
    }
  }

  /** @throws SyntaxError for an address that is none. */
  #open(command: CommandBody<"sign_in">): void {
    const socket = new Line({
      WebSocket: this.#WebSocket,
      url: this.#options.url.replace(/^http/, "ws"),
      pingIntervalMs: this.#options.pingIntervalMs ?? 1_000,
      patienceMs: this.#patienceMs,
      onOpen: () =>
        socket.ask<"sign_in">(command, (result) => {
          if (!(result instanceof ClientError)) this.#signedIn(socket, result);
          else if (result.code !== "offline") socket.end(result);
        }),
      onFrame: (frame) => this.#dispatch(frame),
      onViolation: (violation) => this.report(violation),
      onDown: (reason, timedOut) => this.#down(reason, timedOut),
    });
    this.#socket = socket;
  }

  #reportSource(cause: unknown): ClientError {
    const error = new ClientError("unauthenticated", `No token: ${String(cause)}`);
    this.report(error);
    return error;
  }

  #signedIn(line: Line, session: SignedIn): void {
    this.line = line;
    this.session = session;
    this.user = session.user;
    this.#onlineSince = Date.now();
    line.heartbeatMs = session.heartbeat_ms;
    this.#credentials.accept(session);
    this.#renewLater(this.#credentials.renewAfter(session.expires_at));
    // In this order on the wire: first what was missed, then what was not sent, then what is new.
    beginAll(
      line,
      [...this.#rooms.values()].map(({ live }) => live),
    );
    this.#outbox.resume();
    for (const room of this.#rooms.values()) room.resume();
    this.#requests.resume(line);
    this.saidAnew();
    this.#connected?.resolve(session.user);
    this.#setState({ status: "online", user: session.user });
  }

  #down(error: ClientError, timedOut: boolean): void {
    const now = Date.now();
    const wasOnline = this.line !== undefined;
    this.line = undefined;
    this.#socket = undefined;
    clearTimeout(this.#renewTimer);
    this.#outbox.pause();
    for (const { live } of this.#rooms.values()) live.pause();
    if (wasOnline && now - this.#onlineSince >= stableMs) {
      this.#downSince = now;
      this.#refusals = 0;
      this.#patienceMs = firstPatienceMs;
    }
    if (timedOut) this.#patienceMs = Math.min(maxWindowMs, this.#patienceMs * 2);
    if (this.state.status === "closed") return;
    if (error.retry === "after_auth") {
      // Once more with a fresh token, at once; a second refusal is meant.
      this.#refusals += 1;
      if (this.#refusals > 1) this.#closeForGood(error);
      else void this.#attempt(error);
    } else if (error.retry === "never") {
      this.#closeForGood(error);
    } else {
      this.#wait(error, this.#delayWish(error));
    }
  }

  /** The least delay that the server asked for. */
  #delayWish(error: ClientError): number {
    const isBusy = error.code === "rate_limited" || error.code === "unavailable";
    const untilWelcome = Math.max(0, this.#welcomeAt - Date.now());
    return Math.max(untilWelcome, error.retryAfterMs, isBusy ? busyDelayMs : 0);
  }

  #wait(error: ClientError, atLeastMs: number): void {
    const jitter =
      atLeastMs > 0 ? Math.random() * firstWindowMs : reconnectDelay(Date.now() - this.#downSince);
    const delayMs = atLeastMs + jitter;
    clearTimeout(this.#attemptTimer);
    this.#attemptTimer = setTimeout(() => void this.#attempt(error), delayMs);
    this.#setState({ status: "waiting", retryAt: Date.now() + delayMs, error });
  }

  #closeForGood(error: ClientError | undefined): void {
    this.#turn += 1;
    clearTimeout(this.#attemptTimer);
    platform.removeEventListener?.("online", this.#onNetwork);
    const reason = error ?? closed();
    this.state = error === undefined ? { status: "closed" } : { status: "closed", error };
    this.#socket?.end(reason);
    for (const { live } of this.#rooms.values()) live.reject(reason);
    this.#requests.reject(reason);
    this.#connected?.reject(reason);
    this.#connected = undefined;
    this.#emitter.emit("state", this.state);
  }

  /** The browser says that there is a network (again, or another one). */
  readonly #onNetwork = (): void => {
    const { state } = this;
    if (state.status === "waiting") void this.#attempt(state.error);
    else this.line?.probe();
  };

  #renewLater(delayMs: number | undefined): void {
    clearTimeout(this.#renewTimer);
    if (delayMs !== undefined) this.#renewTimer = setTimeout(() => void this.#renew(), delayMs);
  }

  async #renew(): Promise<void> {
    const { line } = this;
    let token: string | undefined;
    try {
      token = await this.#credentials.token();
    } catch (cause) {
      this.#reportSource(cause);
    }
    if (line === undefined || line !== this.line) return;
    if (token === undefined) {
      this.#renewLater(this.#credentials.retryMs);
      return;
    }
    line.ask<"refresh">({ type: "refresh", token }, (result) => {
      if (!(result instanceof ClientError)) {
        this.#renewLater(this.#credentials.renewAfter(result.expires_at));
      } else if (result.code !== "offline") {
        this.report(result);
        this.#renewLater(this.#credentials.retryMs);
      }
    });
  }

  #dispatch(frame: ServerFrame): void {
    if (frame.type === "goodbye") {
      this.#welcomeAt = Date.now() + frame.reconnect_after_ms;
      return;
    }
    if (frame.type === "own") this.#emitter.emit("own", frame.change);
    const room = "room" in frame ? this.#rooms.get(frame.room) : undefined;
    if (room === undefined || !("room" in frame)) return;
    if ("sequence" in frame) {
      room.live.deliver(frame);
    } else if (frame.type === "unsubscribed") {
      room.live.ended(frame.code);
    } else if (frame.type === "reset") {
      room.live.reset();
    } else if (
      frame.type === "typing" ||
      frame.type === "presence" ||
      frame.type === "read" ||
      frame.type === "message.appended" ||
      frame.type === "call.signal"
    ) {
      room.signal(frame);
    }
  }
}
