/*
 * Cursors as both editors want them. y-monaco says `selection` where y-codemirror.next says `cursor`. Who it is was written into the
 * state by the server; the colour comes from that, so that nothing that somebody else wrote becomes a style.
 */
const colours = [
  "#0b6e4f",
  "#8a3ffc",
  "#a8324a",
  "#005fb8",
  "#7a5200",
  "#5b5fc7",
  "#006d77",
  "#9a3b00",
];

export function colourOf(id) {
  let sum = 0;
  for (const letter of String(id)) sum = (sum * 31 + letter.codePointAt(0)) % 9_973;
  return colours[sum % colours.length];
}

export class Cursors {
  constructor(awareness) {
    this.awareness = awareness;
    this.doc = awareness.doc;
  }

  getStates() {
    const states = new Map();
    for (const [client, { user, cursor }] of this.awareness.getStates()) {
      const color = colourOf(user?.id);
      const shown = { id: user?.id, name: String(user?.name), color, colorLight: `${color}33` };
      states.set(client, { user: shown, cursor, selection: cursor });
    }
    return states;
  }

  getLocalState() {
    return this.awareness.getLocalState();
  }

  setLocalStateField(_name, value) {
    this.awareness.setLocalStateField("cursor", value);
  }

  on(name, listener) {
    this.awareness.on(name, listener);
  }

  off(name, listener) {
    this.awareness.off(name, listener);
  }
}
