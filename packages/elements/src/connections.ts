import { type Client, createClient, type Room, type TokenSource } from "@parlance/client";

/** Where an element's room is, and how it proves who looks. Exactly one of `token` and `getToken`. */
export interface Access {
  /** Address of the server, `https://chat.example`. */
  readonly src: string;
  readonly token: string | undefined;
  readonly getToken: TokenSource | undefined;
}

/** A room on a connection, for as long as somebody needs it. */
export interface Lease {
  readonly client: Client;
  readonly room: Room;
  /** Gives it back. Harmless when called twice. */
  release(): void;
}

/** Connections that the elements of one page share: one for each server and token. */
export interface Connections {
  /** @throws TypeError, SyntaxError for an address that is none. */
  take(access: Access, room: string): Lease;
}

interface Shared {
  readonly access: Access;
  readonly client: Client;
  /** How many hold each room. */
  readonly rooms: Map<string, number>;
}

/** Connections of a page; none is open until an element needs it, and none stays when no element does. */
export function createConnections(): Connections {
  let open: readonly Shared[] = [];

  const sharedFor = (access: Access): Shared => {
    const known = open.find(
      ({ access: { src, token, getToken } }) =>
        src === access.src && token === access.token && getToken === access.getToken,
    );
    if (known !== undefined) return known;
    const client = createClient({
      url: addressOf(access.src),
      token: access.getToken ?? access.token ?? "",
    });
    const shared = { access, client, rooms: new Map<string, number>() };
    open = [...open, shared];
    // What becomes of it is told by the client's state.
    client.connect().catch(() => undefined);
    return shared;
  };

  const release = (shared: Shared, room: string): void => {
    const { client, rooms } = shared;
    const left = (rooms.get(room) ?? 1) - 1;
    if (left > 0) {
      rooms.set(room, left);
      return;
    }
    rooms.delete(room);
    if (rooms.size > 0) {
      client
        .room(room)
        .unsubscribe()
        .catch(() => undefined);
      return;
    }
    client.close();
    open = open.filter((one) => one !== shared);
  };

  return {
    take: (access, room) => {
      const shared = sharedFor(access);
      shared.rooms.set(room, (shared.rooms.get(room) ?? 0) + 1);
      let isHeld = true;
      return {
        client: shared.client,
        room: shared.client.room(room),
        release: () => {
          if (isHeld) release(shared, room);
          isHeld = false;
        },
      };
    },
  };
}

/** The native endpoint of a server. */
function addressOf(src: string): string {
  const url = new URL("/ws", src);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
