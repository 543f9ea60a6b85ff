/** All plug-ins of a server. */
import type { ConnectionFacts as CoreConnection, Moments } from "@parlance/core";
import type { ConnectionFacts, MessageFacts } from "@parlance/plugin";
import { userFacts } from "../answers.ts";
import type { HookView } from "../silence.ts";
import { hooksOfPlugin, type PluginHooks } from "./hooks.ts";
import type { Manifest } from "./messages.ts";
import { type PluginOptions, PluginThread } from "./plugin-thread.ts";

export interface Plugins {
  readonly manifests: readonly Manifest[];
  readonly hooks: readonly PluginHooks[];
  /** Absent where none of them listens. */
  readonly moments?: Moments;
  /** Ends their threads. */
  close(): Promise<void>;
}

/** One that cannot be taken: `reason` says why, in words. */
export class PluginError extends Error {
  readonly path: string;

  constructor(path: string, reason: string) {
    super(reason);
    this.name = "PluginError";
    this.path = path;
  }
}

/**
 * Loads the plug-ins, each in a thread of its own.
 *
 * @throws PluginError for the first that cannot be taken; then none runs.
 */
export async function openPlugins(
  paths: readonly string[],
  options: Omit<PluginOptions, "path"> & { readonly watch?: (view: HookView) => void },
): Promise<Plugins> {
  const threads: PluginThread[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.close()));
  };
  const troubles: PluginError[] = [];
  const names = new Set<string>();
  const started = await Promise.allSettled(
    paths.map((path) => PluginThread.start({ ...options, path })),
  );
  for (const [index, outcome] of started.entries()) {
    const path = paths[index] ?? "";
    if (outcome.status === "rejected") {
      const reason: unknown = outcome.reason;
      const words = reason instanceof Error ? reason.message : String(reason);
      troubles.push(new PluginError(path, words));
      continue;
    }
    const thread = outcome.value;
    const { name } = thread.manifest;
    if (names.has(name)) {
      troubles.push(new PluginError(path, `there is another plug-in named ${name}`));
    }
    names.add(name);
    threads.push(thread);
  }
  const [trouble] = troubles;
  if (trouble !== undefined) {
    await close();
    throw trouble;
  }
  const listens = threads.some(({ manifest }) => manifest.moments.length > 0);
  return {
    manifests: threads.map(({ manifest }) => manifest),
    hooks: threads.map((thread) => hooksOfPlugin(thread, options)),
    ...(listens ? { moments: momentsOf(threads) } : {}),
    close,
  };
}

function momentsOf(threads: readonly PluginThread[]): Moments {
  const tell = (...[moment, facts]: Parameters<PluginThread["tell"]>): void => {
    for (const thread of threads) thread.tell(moment, facts);
  };
  return {
    connected: (connection) => tell("connected", factsOf(connection)),
    closed: (connection, reason) => tell("closed", { ...factsOf(connection), reason }),
    failed: (connection, error) => {
      const { code, text } = error.toWire();
      tell("error", { ...factsOf(connection), code, text });
    },
    message: (message) => {
      const { said, published, connectionId } = message;
      const { room, sequence, message_id, time } = published;
      tell("message", {
        user: userFacts(message),
        dialect: message.dialect,
        room,
        sequence,
        message_id,
        ...said,
        time,
        ...(connectionId === undefined ? {} : { connection_id: connectionId }),
      } satisfies MessageFacts);
    },
  };
}

function factsOf({
  connectionId,
  number,
  dialect,
  address,
  identity,
}: CoreConnection): ConnectionFacts {
  return {
    connection_id: connectionId,
    number,
    dialect,
    address,
    ...(identity === undefined ? {} : { user: userFacts({ identity, dialect }) }),
  };
}
