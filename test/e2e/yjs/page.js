/** An editor's page without the editor: the stock provider, as an application would use it. */
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const doc = new Y.Doc();
const params = asked.ticket === undefined ? {} : { ticket: asked.ticket };
const provider = new WebsocketProvider(`ws://${location.host}/yjs`, asked.room, doc, {
  params,
  maxBackoffTime: 500,
});
const closes = [];
provider.on("connection-close", (event) => {
  if (event !== null) closes.push(event.code);
});
provider.awareness.setLocalStateField("user", { color: asked.color });

window.editor = {
  client: doc.clientID,
  closes,
  type: (text) => doc.getText("t").insert(doc.getText("t").length, text),
  state: () => ({ text: doc.getText("t").toJSON(), synced: provider.synced }),
  shown: () => Object.fromEntries(provider.awareness.getStates()),
};
