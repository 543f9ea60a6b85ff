/**
 * The module that pages load from `/client/widget/widget.js`: defines `<parlance-room>`, and puts one behind each script
 * element that loads this module and names a room.
 */
import { createRoomElement, type ParlanceRoom } from "./room-element.ts";

/** Where this module comes from is the server, unless a page says otherwise. */
const server = new URL(import.meta.url).origin;

// A page may load it twice, by two addresses.
if (customElements.get("parlance-room") === undefined) {
  customElements.define("parlance-room", createRoomElement(server));
}

for (const script of document.querySelectorAll<HTMLScriptElement>("script[data-room]")) {
  if (script.src !== import.meta.url || script.nextElementSibling?.localName === "parlance-room") {
    continue;
  }
  const element = document.createElement("parlance-room");
  for (const name of ["room", "token", "guest", "lang", "theme"]) {
    const value = script.dataset[name];
    if (value !== undefined) element.setAttribute(name, value);
  }
  script.after(element);
}

declare global {
  interface HTMLElementTagNameMap {
    "parlance-room": ParlanceRoom;
  }
}
