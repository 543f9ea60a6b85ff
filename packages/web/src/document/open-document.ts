/** A document with its line: the stock provider on the server's `/yjs`, let in by tickets. */
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

/** The shared text that the app shows; editors of other pages name theirs as they like. */
export const textName = "page";

export type LineState = "opening" | "ready" | "away" | "closed";

export interface OpenDocument {
  readonly text: Y.Text;
  readonly undo: Y.UndoManager;
  close(): void;
}

/** @param token The session's. */
export function openDocument(
  room: string,
  token: string,
  onState: (state: LineState) => void,
): OpenDocument {
  const doc = new Y.Doc();
  const text = doc.getText(textName);
  const params: Record<string, string> = {};
  const address = `${location.origin.replace("http", "ws")}/yjs`;
  const provider = new WebsocketProvider(address, encodeURIComponent(room), doc, {
    params,
    connect: false,
  });
  let isOver = false;
  const connect = (): void => {
    void ticketFor(room, token).then((ticket) => {
      if (isOver) return;
      if (ticket === "refused") onState("closed");
      else if (ticket === "later") {
        onState("away");
        setTimeout(connect, retryMs);
      } else {
        params["ticket"] = ticket.text;
        provider.connect();
      }
    });
  };
  // The name beside it is the server's to write.
  provider.awareness.setLocalStateField("user", {});
  provider.on("sync", (isSynced) => {
    if (isSynced) onState("ready");
  });
  provider.on("status", ({ status }) => {
    if (status === "disconnected" && !isOver) onState("away");
  });
  provider.on("closed", ({ code }) => {
    if (code === needsTicket) connect();
    else onState("closed");
  });
  connect();
  return {
    text,
    undo: new Y.UndoManager(text, { trackedOrigins: new Set([text]) }),
    close() {
      isOver = true;
      provider.destroy();
      doc.destroy();
    },
  };
}

/** What a version says. @param update Base64. */
export function textOfUpdate(update: string): string {
  const doc = new Y.Doc();
  Y.applyUpdate(
    doc,
    Uint8Array.from(atob(update), (letter) => letter.charCodeAt(0)),
  );
  return doc.getText(textName).toJSON();
}

/** The ticket is not good any more (`docs/protocol/yjs.md`). */
const needsTicket = 4401;
const retryMs = 2_000;

async function ticketFor(
  room: string,
  token: string,
): Promise<{ text: string } | "refused" | "later"> {
  try {
    const answer = await fetch("/api/v1/tickets", {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ rooms: [room] }),
    });
    if (answer.ok) return { text: ((await answer.json()) as { ticket: string }).ticket };
    return answer.status === 429 || answer.status >= 500 ? "later" : "refused";
  } catch {
    return "later";
  }
}
