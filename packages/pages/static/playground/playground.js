/** The playground: connect in any dialect, send frames, see both ways, copy as code. */
import { createFrames, element } from "../pages/frames.js";
import { codeFor, languages } from "./code.js";
import { openSocket, openSocketIo, openStream } from "./connections.js";
import { addressOf, dialects } from "./dialects.js";
import { openYjs } from "./yjs.js";

const openers = { sse: openStream, socketio: openSocketIo, yjs: openYjs };
const part = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 899px)");
const settings = await (await fetch("/pages/settings.json")).json();
const offered = dialects.filter(({ name }) => settings.endpoints[name] !== undefined);
let dialect = offered[0];
let connection;

const frames = createFrames(
  part("frames"),
  ({ way, text }) => [
    ["Copy", () => void copy(text, "The frame")],
    ...(way === "sent"
      ? [
          ["Copy as code", () => copyAs(text)],
          ["Edit", () => edit(text)],
        ]
      : []),
  ],
  (count) => {
    part("empty").hidden = part("frames").childElementCount > 0;
    part("count").textContent = count === 0 ? "" : String(count);
  },
);

for (const { name, title } of offered) part("dialect").append(option(name, title));
for (const [name, title] of languages) part("language").append(option(name, title));
const wished = new URLSearchParams(location.search).get("dialect");
part("language").value = "javascript";
choose(offered.find(({ name }) => name === wished) ?? dialect);

part("dialect").addEventListener("change", ({ target }) => {
  connection?.close();
  choose(offered.find(({ name }) => name === target.value));
});
part("token").addEventListener("change", showExamples);
part("connection").addEventListener("submit", (event) => {
  event.preventDefault();
  if (connection === undefined) connect();
  else connection.close();
});
part("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
part("frame").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  send();
});
part("frame").addEventListener("input", showLanguages);
part("guest").addEventListener("click", () => void beGuest());
part("copy").addEventListener("click", () => copyAs(part("frame").value));
part("clear").addEventListener("click", () => frames.clear());
part("unfold").addEventListener("click", ({ currentTarget }) => {
  const isPressed = currentTarget.ariaPressed !== "true";
  currentTarget.ariaPressed = String(isPressed);
  frames.unfoldAll(isPressed);
});

function choose(chosen) {
  dialect = chosen;
  part("dialect").value = dialect.name;
  part("about").textContent = dialect.about;
  part("address").value = addressOf(settings.endpoints[dialect.name], dialect.scheme);
  showExamples();
}

function showExamples() {
  const examples = dialect.examples(part("token").value.trim());
  part("examples").replaceChildren(
    ...examples.map(([title], index) => {
      const button = element("button", title, "button small");
      button.type = "button";
      // Made anew at each click: some frames have an id that is good once, or a time.
      button.addEventListener("click", () => {
        edit(JSON.stringify(dialect.examples(part("token").value.trim())[index][1], null, 2));
      });
      return button;
    }),
  );
  part("frame").value = JSON.stringify(examples[0][1], null, 2);
  showLanguages();
}

function edit(text) {
  const value = parsed(text);
  part("frame").value = value === undefined ? text : JSON.stringify(value, null, 2);
  part("frame-problem").textContent = "";
  showLanguages();
  part("frame").focus();
}

function connect() {
  part("problem").textContent = "";
  const address = part("address").value.trim();
  const on = {
    open() {
      show("open", `Connected, ${dialect.title}`);
      // On a phone the fields stand between what is sent and what comes.
      part("setup").open = !narrow.matches;
      frames.note(`Connected to ${address}`);
    },
    frame: (text) => frames.frame("received", text),
    close(why) {
      frames.note(`Closed: ${why}`, true);
      if (connection !== opened) return;
      connection = undefined;
      show("failed", "Not connected");
      part("setup").open = true;
    },
  };
  let opened;
  try {
    const given = { address, token: part("token").value.trim(), on };
    opened = openers[dialect.name]?.(given) ?? openSocket(given);
    connection = opened;
    show("opening", "Connecting");
  } catch (error) {
    part("problem").textContent = error.message;
  }
}

function show(state, text) {
  part("state").dataset.state = state;
  part("state").textContent = text;
  part("connect").textContent = connection === undefined ? "Connect" : "Disconnect";
  part("connect").classList.toggle("primary", connection === undefined);
}

function send() {
  const problem = part("frame-problem");
  problem.textContent = "";
  const text = part("frame").value;
  // One line, as a program would send it. What is no JSON is sent as it is: that is worth trying too.
  const value = parsed(text);
  const written = value === undefined ? text : JSON.stringify(value);
  try {
    if (connection === undefined) throw new Error("Connect first.");
    connection.send(written);
    frames.frame("sent", written);
  } catch (error) {
    problem.textContent = error.message;
  }
}

async function beGuest() {
  const problem = part("problem");
  problem.textContent = "";
  try {
    const answer = await fetch("/api/v1/guests", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "Ann" }),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error?.text ?? `HTTP ${answer.status}`);
    part("token").value = body.token;
    showExamples();
  } catch (error) {
    problem.textContent = error.message;
  }
}

function facts(text) {
  return {
    dialect,
    address: part("address").value.trim(),
    origin: location.origin,
    token: part("token").value.trim(),
    text,
  };
}

/** Languages that have no word for the frame are there, and cannot be chosen. */
function showLanguages() {
  const given = facts(part("frame").value);
  for (const choice of part("language").options) {
    choice.disabled = codeFor(choice.value, given) === undefined;
  }
  if (part("language").selectedOptions[0]?.disabled !== false)
    part("language").value = "javascript";
}

function copyAs(text) {
  const chosen = part("language").selectedOptions[0];
  const code = codeFor(chosen.value, facts(text));
  if (code === undefined)
    part("copied").textContent = `${chosen.textContent} cannot send this frame.`;
  else void copy(code, chosen.textContent);
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    part("copied").textContent = `${what} copied.`;
  } catch {
    // Without a secure address or a permission there is no clipboard; the text can still be taken by hand.
    frames.note(text);
    part("copied").textContent = "The clipboard is closed; the text is at the end of the list.";
  }
}

function option(value, text) {
  const made = element("option", text);
  made.value = value;
  return made;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
