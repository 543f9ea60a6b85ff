/** Engine.IO "message" (4) around a Socket.IO event (2) of the default namespace, as text. */
const event = "42";

/** One event as finished text. All of it is JSON, so nothing in it can end the packet early. */
export function packet(name: string, ...args: readonly unknown[]): string {
  return event + JSON.stringify([name, ...args]);
}

/** A finished text without the Engine.IO type, which the library adds itself. */
export function withoutEngineType(text: string): string {
  return text.slice(1);
}
