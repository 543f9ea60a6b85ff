/** Addresses of pages. */

/** Where the app is. `home` has no room chosen. */
export type Route =
  | { readonly page: "home" }
  /** `sequence`: a message in it. `thread`: the thread under that. */
  | {
      readonly page: "room";
      readonly room: string;
      readonly sequence?: number;
      readonly thread?: true;
    }
  /** Where a link leads that lets people in. */
  | { readonly page: "invite"; readonly token: string }
  | { readonly page: "admin" }
  | { readonly page: "unknown" };

/** The room that everybody lands in. */
export const landingRoom = "general";

/** The protocol's form of a room id; anything else in an address is not worth asking the server about. */
const roomPattern = /^[A-Za-z0-9][A-Za-z0-9_:.-]{0,127}$/;

/** The route of a path as the browser has it (percent-encoded, without query). */
export function parseRoute(path: string): Route {
  if (path === "/" || path === "") return { page: "home" };
  if (path === "/admin" || path === "/admin/") return { page: "admin" };
  const invite = /^\/invite\/([A-Za-z0-9_.~-]{8,512})\/?$/.exec(path)?.[1];
  if (invite !== undefined) return { page: "invite", token: invite };
  const match = /^\/room\/([^/]+)(?:\/(\d{1,15})(\/thread)?)?\/?$/.exec(path);
  if (match?.[1] === undefined) return { page: "unknown" };
  const room = decode(match[1]);
  if (room === undefined || !isRoomId(room)) return { page: "unknown" };
  const sequence = Number(match[2] ?? "0");
  if (sequence === 0) return { page: "room", room };
  return { page: "room", room, sequence, ...(match[3] === undefined ? {} : { thread: true }) };
}

/** Whether a text is a room's id. */
export function isRoomId(text: string): boolean {
  return roomPattern.test(text);
}

/** The path of one message, by its place in the room. */
export function messagePath(room: string, sequence: number): string {
  return `${roomPath(room)}/${sequence}`;
}

/** The path of the thread under a message. */
export function threadPath(room: string, sequence: number): string {
  return `${messagePath(room, sequence)}/thread`;
}

/** The path of a link that lets people in. */
export function invitePath(token: string): string {
  return `/invite/${token}`;
}

/** The path of a room's page. */
export function roomPath(room: string): string {
  return `/room/${encodeURIComponent(room)}`;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
