import type { PortName, Ports } from "../ports.ts";
import type { Store, StoreStatus } from "../store.ts";
import { type Hello, Line } from "./line.ts";
import { type Method, methods } from "./messages.ts";

/**
 * Reaches a store that another process of this machine owns and serves at `path`. Same promises as the owner's; writes of
 * which no answer came are of unknown effect. It comes back by itself when the owner's server does.
 *
 * @throws StorageError if nobody serves a store there.
 */
export async function connectStore(path: string): Promise<Store> {
  const { promise: checked, resolve: markChecked } = Promise.withResolvers<readonly string[]>();
  const { promise: lost, resolve: markLost } = Promise.withResolvers<string>();
  let greeting: Hello | undefined;
  let status: StoreStatus = unknownStatus;
  let isClosed = false;
  const learn = (next: StoreStatus): void => {
    status = next;
    if (next.integrity !== "checking") markChecked(next.findings);
  };
  const line = new Line(path, {
    hello(hello) {
      if (greeting !== undefined && greeting.installId !== hello.installId) {
        // What this process knows of rooms and people is not true there.
        const reason = "another install's store is served now";
        status = { ...status, available: false };
        markLost(reason);
        line.giveUp(reason);
        return;
      }
      greeting = hello;
      learn(hello.status);
    },
    checked: (frame) => learn(frame.status),
  });
  try {
    await line.open();
  } catch (error) {
    await line.close();
    throw error;
  }
  const { installId, weaknesses } = greeting ?? emptyGreeting;
  return {
    log: portOf(line, "log"),
    directory: portOf(line, "directory"),
    files: portOf(line, "files"),
    outbox: portOf(line, "outbox"),
    fleet: portOf(line, "fleet"),
    rates: portOf(line, "rates"),
    webhooks: portOf(line, "webhooks"),
    installId,
    weaknesses,
    // Whether the owner answers now is for whoever asks it: the connection comes back by itself.
    status: () => ({ ...status, available: status.available && !isClosed }),
    checked,
    lost,
    close() {
      isClosed = true;
      return line.close();
    },
  };
}

const unknownStatus: StoreStatus = {
  available: true,
  epochRenewed: false,
  integrity: "checking",
  findings: [],
};
/** `open` resolves at the first greeting. */
const emptyGreeting = { installId: "", weaknesses: [] };

function portOf<P extends PortName>(line: Line, port: P): Ports[P] {
  const entries = methods.flatMap((method, number) =>
    method.port === port ? [[method.name, asking(line, method, number)] as const] : [],
  );
  // The table has every method of the port: the compiler has checked it there.
  return Object.fromEntries(entries) as unknown as Ports[P];
}

function asking(
  line: Line,
  { port, name }: Method,
  number: number,
): (...args: readonly unknown[]) => Promise<unknown> {
  // Nothing to ask: not worth a journey.
  if (port === "log" && name === "heads") {
    return (rooms) =>
      Array.isArray(rooms) && rooms.length === 0
        ? Promise.resolve(new Map())
        : line.ask(number, [rooms]);
  }
  return (...args) => line.ask(number, args);
}
