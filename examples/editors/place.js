/* What the page asks the server for: who somebody is, the document, links to it, and tickets for its line. */
export const server = "http://localhost:8080";

let token = localStorage.getItem("token") ?? undefined;
let self;

async function call(method, path, body) {
  const answer = await fetch(`${server}/api/v1${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const content = await answer.json();
  if (answer.ok) return content;
  throw Object.assign(new Error(content.error?.text ?? answer.statusText), {
    status: answer.status,
  });
}

/** Comes in as a guest of that name, or as who this browser was before. An application's own users have tokens that its back end signs. */
export async function enter(name) {
  const before = JSON.parse(localStorage.getItem("user") ?? "null");
  if (before?.name === name && token !== undefined) {
    try {
      await call("GET", "/rooms");
      self = before;
      return self;
    } catch (error) {
      if (error.status !== 401) throw error;
    }
  }
  token = undefined;
  const came = await call("POST", "/guests", { name });
  ({ token } = came);
  self = came.user;
  localStorage.setItem("token", token);
  localStorage.setItem("user", JSON.stringify(self));
  return self;
}

/** The document that the address names, by its id or by a link to it; else a new one. Says what one may do there. */
export async function openDocument() {
  const named = new URLSearchParams(location.hash.slice(1));
  const invite = named.get("invite");
  let room;
  if (invite !== null) room = await call("POST", "/invites/accept", { token: invite });
  else if (named.has("room")) {
    room = await call("GET", `/rooms/${encodeURIComponent(named.get("room"))}`);
  } else room = await call("POST", "/rooms", { kind: "document", title: "A page" });
  history.replaceState(null, "", `#room=${encodeURIComponent(room.room)}`);
  return room;
}

/** A link that lets people in: `member` writes, `guest` reads. */
export async function makeLink(room, role) {
  const made = await call("POST", `/rooms/${encodeURIComponent(room)}/invites`, { role });
  return `${location.href.replace(/#.*/, "")}#invite=${made.token}`;
}

/** Lets one connection in, and again while it is in use. It stands in an address, where a token may not be. */
export async function makeTicket(room) {
  return (await call("POST", "/tickets", { rooms: [room] })).ticket;
}
