/** Ports beside the main one, for clients that expect a dialect at every path of a port. */
import type { Server } from "node:http";
import type { Report } from "@parlance/core";
import type { ListenEntry } from "./config/types.ts";
import { closeListener, openListener, portOf, type SharedPorts } from "./listener.ts";

/** A port that a dialect is spoken on. */
export interface OpenedEndpoint {
  readonly dialect: string;
  readonly host: string;
  readonly port: number;
  readonly path?: string;
}

/** The ports, and what is spoken there. */
export interface ExtraListeners {
  /** `port` is the configured one, which endpoints name. */
  readonly listeners: readonly { readonly server: Server; readonly port: number }[];
  /** Entries that are open, those of the main port too. */
  readonly endpoints: readonly ListenEntry[];
  readonly opened: readonly OpenedEndpoint[];
  close(): Promise<void>;
}

/**
 * Opens every port that the entries name, once each. One that was not asked for in so many words is left out where it is
 * taken, and the log says so.
 *
 * @throws the system's error from listening; nothing is left open then.
 */
export async function openExtraListeners(
  entries: readonly ListenEntry[],
  main: { readonly host: string; readonly port: number },
  report: Report,
  shared?: SharedPorts,
): Promise<ExtraListeners> {
  const listeners: { server: Server; port: number }[] = [];
  const endpoints: ListenEntry[] = [];
  const opened: OpenedEndpoint[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map(({ server }) => closeListener(server)));
  };
  try {
    for (const entry of entries) {
      const { dialect, port, path, host = main.host } = entry;
      if (port === undefined || (port !== 0 && port === main.port)) {
        endpoints.push(entry);
        continue;
      }
      let listener = listeners.find((known) => known.port === port);
      if (listener === undefined) {
        const server = await open({ host, port }, entry, report, shared);
        if (server === undefined) continue;
        // Of a port that the system chose the endpoints name the chosen one.
        listener = { server, port: port === 0 ? portOf(server) : port };
        listeners.push(listener);
      }
      endpoints.push({ ...entry, port: listener.port });
      opened.push({
        dialect,
        host,
        port: listener.port,
        ...(path === undefined ? {} : { path }),
      });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { listeners, endpoints, opened, close };
}

async function open(
  place: { readonly host: string; readonly port: number },
  { dialect, isOptional }: ListenEntry,
  report: Report,
  shared: SharedPorts | undefined,
): Promise<Server | undefined> {
  try {
    return await openListener(place, report, shared);
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    if (isOptional !== true || !isTaken) throw error;
    report("warn", "port_taken", { dialect, port: place.port });
    return undefined;
  }
}
