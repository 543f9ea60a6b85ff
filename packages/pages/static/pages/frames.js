/** A list of frames in time order. Texts go in as text. */

/** Frames that the list keeps; the oldest go first. */
const mostFrames = 500;

/**
 * @param {HTMLElement} list
 * @param {(frame: { way: string, text: string }) => [string, () => void][]} actionsOf Buttons of an unfolded frame.
 * @param {(count: number) => void} [onCount]
 */
export function createFrames(list, actionsOf = () => [], onCount = () => undefined) {
  let areUnfolded = false;

  list.addEventListener("keydown", (event) => {
    const rows = [...list.querySelectorAll("summary")];
    const place = rows.indexOf(document.activeElement);
    const next = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: rows.length - 1 }[
      event.key
    ];
    if (place < 0 || rows[next] === undefined) return;
    event.preventDefault();
    rows[next].focus();
  });

  /** Rows of this turn. A burst is drawn once, not row by row: each look at the scroll place lays the list out. */
  let waiting = [];

  function add(row) {
    if (waiting.length === 0) requestAnimationFrame(draw);
    waiting.push(row);
    // A page that nobody looks at is not drawn.
    if (waiting.length > mostFrames) waiting.shift();
  }

  function draw() {
    const scroller = scrollerOf(list);
    const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
    list.append(...waiting);
    waiting = [];
    while (list.childElementCount > mostFrames) list.firstElementChild.remove();
    if (isAtEnd) scroller.scrollTop = scroller.scrollHeight;
    onCount(list.querySelectorAll(".frame:not(.note)").length);
  }

  return {
    /** @param {"sent" | "received"} way */
    frame(way, text) {
      const value = parsed(text);
      const row = element("li", "", `frame ${way}`);
      const kind = kindOf(value);
      row.classList.toggle("failed", /(^|:)error$/.test(kind));
      const details = element("details");
      details.open = areUnfolded;
      const summary = element("summary");
      const arrow = element("span", way === "sent" ? "→" : "←", "arrow");
      arrow.ariaHidden = "true";
      summary.append(
        arrow,
        element("span", `${way}: `, "hidden-visually"),
        element("span", kind, "kind"),
        element("span", text, "preview"),
        time(),
      );
      details.append(summary);
      // Most frames are never unfolded.
      details.addEventListener("toggle", () => details.open && unfold(details, way, text, value));
      row.append(details);
      add(row);
    },
    /** A line about the connection. */
    note(text, isBad = false) {
      add(element("li", text, isBad ? "frame note bad" : "frame note"));
    },
    unfoldAll(isWished) {
      areUnfolded = isWished;
      for (const details of list.querySelectorAll("details")) details.open = isWished;
    },
    clear() {
      waiting = [];
      list.replaceChildren();
      onCount(0);
    },
  };

  function unfold(details, way, text, value) {
    if (details.childElementCount > 1) return;
    details.append(element("pre", value === undefined ? text : JSON.stringify(value, null, 2)));
    const actions = element("div", "", "actions");
    for (const [label, act] of actionsOf({ way, text })) {
      const button = element("button", label, "button small");
      button.type = "button";
      button.addEventListener("click", act);
      actions.append(button);
    }
    if (actions.childElementCount > 0) details.append(actions);
  }
}

/** An element with that text. */
export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
}

/** The word that tells frames apart, wherever the dialect has it. */
function kindOf(value) {
  if (Array.isArray(value)) return String(value[0] ?? "");
  const { type, event, method, path, status, message } = value ?? {};
  if (method !== undefined) return `${method} ${path}`;
  if (status !== undefined && type === undefined) return `HTTP ${status}`;
  return String(type ?? event ?? (message === undefined ? "" : "message"));
}

function time() {
  const now = new Date();
  const made = element(
    "time",
    `${now.toLocaleTimeString("en-GB")}.${String(now.getMilliseconds()).padStart(3, "0")}`,
  );
  made.dateTime = now.toISOString();
  return made;
}

/** What scrolls: a pane on wide screens, the page on narrow ones. */
function scrollerOf(list) {
  const pane = list.closest("section");
  return getComputedStyle(pane).overflowY === "auto" ? pane : document.scrollingElement;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
