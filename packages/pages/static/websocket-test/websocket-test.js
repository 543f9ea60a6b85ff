/** The test page of the PorticoEstate dialect: connect, send chat, send a notification, see what comes. */
import { createFrames } from "../pages/frames.js";

const part = (id) => document.getElementById(id);
const frames = createFrames(part("frames"), undefined, () => {
  part("empty").hidden = part("frames").childElementCount > 0;
});
const settings = await (await fetch("/pages/settings.json")).json();
const place = settings.endpoints.portico ?? "/wss";
let client;

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const host = place.startsWith(":") ? location.hostname : location.host;
part("address").value = /^wss?:/.test(place) ? place : `${scheme}//${host}${place}`;
part("user").value = settings.isDevelopment ? "123" : "";

part("connection").addEventListener("submit", (event) => {
  event.preventDefault();
  part("problem").textContent = "";
  if (client !== undefined) disconnect();
  else connect();
});
part("chat").addEventListener("submit", (event) => {
  event.preventDefault();
  if (send("chat", part("chat-text").value)) part("chat-text").value = "";
});
part("notification").addEventListener("submit", (event) => {
  event.preventDefault();
  const data = dataOf(part("notification-data").value);
  if (data === undefined) return;
  if (send("notification", part("notification-text").value, data))
    part("notification-text").value = "";
});
part("applications").addEventListener("click", () => {
  frames.note("get_partial_applications");
  client.getPartialApplications().catch((error) => {
    part("problem").textContent = error.message;
  });
});
part("clear").addEventListener("click", () => frames.clear());

window.addEventListener("portico:connected", () => {
  show("open", "Connected");
  frames.note("Connected");
});
window.addEventListener("portico:disconnected", ({ detail }) => {
  show("failed", detail.willReconnect ? "Lost, coming back" : "Not connected");
  frames.note(`Closed: ${detail.code} ${detail.reason}`, true);
});
window.addEventListener("portico:message", ({ detail }) => {
  frames.frame("received", JSON.stringify(detail));
});

function connect() {
  const token = part("token").value.trim();
  try {
    client = createWebSocketClient({
      url: part("address").value.trim(),
      ...(token === "" ? {} : { token }),
    });
  } catch (error) {
    part("problem").textContent = error.message;
    return;
  }
  const user = part("user").value.trim();
  if (user !== "") client.updateUserInfo(Number(user));
  show("opening", "Connecting");
}

function disconnect() {
  client.close();
  client = undefined;
  show("closed", "Not connected");
}

function send(type, text, extra = {}) {
  part("problem").textContent = "";
  if (!client?.sendMessage(type, text, extra)) {
    part("problem").textContent = "Not connected.";
    return false;
  }
  frames.frame("sent", JSON.stringify({ type, message: text, ...extra }));
  return true;
}

function dataOf(text) {
  if (text.trim() === "") return {};
  try {
    return { data: JSON.parse(text) };
  } catch {
    part("problem").textContent = "The data is no JSON.";
    return undefined;
  }
}

function show(state, text) {
  part("state").dataset.state = state;
  part("state").textContent = text;
  part("connect").textContent = client === undefined ? "Connect" : "Disconnect";
  for (const button of document.querySelectorAll(
    "#chat button, #notification button, #applications",
  )) {
    button.disabled = state !== "open";
  }
}
