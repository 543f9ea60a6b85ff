/* One document, two editors to choose from, and what comes of it. */
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { Cursors, colourOf } from "./cursors.js";
import { enter, makeLink, makeTicket, openDocument, server } from "./place.js";
import { previewIn } from "./preview.js";

const find = (id) => document.getElementById(id);
const tell = (text) => {
  find("told").textContent = text;
};

find("name").value = JSON.parse(localStorage.getItem("user") ?? "{}")?.name ?? "";
find("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  tell("Opening …");
  open(find("name").value).catch((error) => tell(error.message));
});

async function open(name) {
  const self = await enter(name);
  const { room, role } = await openDocument();
  const mayWrite = role !== "guest";
  const doc = new Y.Doc();
  const text = doc.getText("page");
  const provider = await connect(room, doc, mayWrite);
  provider.awareness.setLocalStateField("user", { id: self.id, name: self.name });
  find("enter").hidden = true;
  find("place").hidden = false;
  previewIn(find("preview"), text);
  showPeople(provider.awareness);
  if (role === "owner" || role === "moderator") offerLinks(room);
  const cursors = new Cursors(provider.awareness);
  const undoManager = new Y.UndoManager(text);
  await chooseEditor({ text, cursors, undoManager, mayWrite });
}

/** The stock provider. Its tickets are made anew when one is not good any more, which the server says with 4401. */
async function connect(room, doc, mayWrite) {
  const provider = new WebsocketProvider(`${server.replace("http", "ws")}/yjs`, room, doc, {
    params: { ticket: await makeTicket(room) },
  });
  const ready = mayWrite ? "Connected." : "Connected. You may read here, and not write.";
  provider.on("sync", (isSynced) => isSynced && tell(ready));
  provider.on("status", ({ status }) => {
    if (status === "disconnected") tell("Not connected. What you write is kept in this page.");
  });
  provider.on("closed", ({ code, reason }) => {
    if (code !== 4401) tell(`This document is closed: ${reason || code}`);
    else renew().catch((error) => tell(error.message));
  });
  async function renew() {
    provider.params = { ticket: await makeTicket(room) };
    provider.connect();
  }
  return provider;
}

function showPeople(awareness) {
  const draw = () => {
    const people = new Map();
    for (const { user } of awareness.getStates().values()) {
      if (user !== undefined) people.set(user.id, user.name);
    }
    const items = [...people].map(([id, name]) => {
      const item = document.createElement("li");
      item.textContent = name;
      item.style.setProperty("--colour", colourOf(id));
      return item;
    });
    find("people").replaceChildren(...items);
  };
  awareness.on("change", draw);
  draw();
}

function offerLinks(room) {
  find("links").hidden = false;
  for (const button of find("links").querySelectorAll("button")) {
    button.addEventListener("click", () => {
      makeLink(room, button.dataset.role).then(
        (link) => {
          find("link").textContent = link;
        },
        (error) => tell(error.message),
      );
    });
  }
}

async function chooseEditor(parts) {
  let mounted;
  let turn = 0;
  const show = async (name) => {
    turn += 1;
    const own = turn;
    const mount =
      name === "monaco"
        ? (await import("./monaco.js")).mountMonaco
        : (await import("./codemirror.js")).mountCodeMirror;
    if (own !== turn) return;
    mounted?.destroy();
    mounted = mount(find("editor"), parts);
    // For the browser's console.
    globalThis.editing = { text: () => parts.text.toString(), content: mounted.content };
  };
  for (const choice of document.querySelectorAll("[name=editor]")) {
    choice.addEventListener("change", () => {
      show(choice.value).catch((error) => tell(error.message));
    });
  }
  await show(document.querySelector("[name=editor]:checked").value);
  mounted?.focus();
}
