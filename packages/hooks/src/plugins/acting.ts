/** Commands of plug-ins: those of docs/protocol/native.md that need no connection, through the same door as everybody's. */
import type { ConnectionlessType, Identity, Ids, Node } from "@parlance/core";
import {
  type Command,
  commandSchema,
  type Principal,
  ProtocolError,
  type UserId,
} from "@parlance/protocol";
import type { PluginOptions } from "./plugin-thread.ts";

/** What only a connection can ask. */
const ofConnections: ReadonlySet<string> = new Set([
  "sign_in",
  "refresh",
  "ping",
  "subscribe",
  "resume",
  "unsubscribe",
]);

/**
 * Does plug-ins' commands.
 *
 * @param node Undefined while the server starts: then nothing can be done yet.
 */
export function createActing(
  node: () => Pick<Node, "execute"> | undefined,
  ids: Pick<Ids, "event">,
): PluginOptions["execute"] {
  return async (identity, plugin, given) => {
    const started = node();
    if (started === undefined) throw new ProtocolError("unavailable", { retry_after_ms: 1_000 });
    const { type } = given as { readonly type?: unknown };
    const schema = typeof type === "string" ? commandSchema(type) : undefined;
    if (schema === undefined || ofConnections.has(String(type))) {
      throw new ProtocolError("bad_request", { field: "type" });
    }
    const key = type === "publish" ? { client_message_id: ids.event() } : {};
    const parsed = schema.safeParse({ ...key, ...given, id: 0 });
    if (!parsed.success) {
      const field = parsed.error.issues[0]?.path.map(String).join(".") ?? "";
      throw new ProtocolError("bad_request", field === "" ? undefined : { field });
    }
    const whose = identity === "plugin" ? identityOf(plugin) : identity;
    return started.execute(whose, parsed.data as Command<ConnectionlessType>, { via: "plugin" });
  };
}

/** A plug-in by itself is a back end, which may write and read and manage rooms. */
function identityOf(plugin: string): Identity {
  const id = `service:plugin.${plugin}`;
  return {
    user: id as UserId,
    name: plugin,
    kind: "service",
    principal: id as Principal,
    scopes: ["publish", "read", "rooms"],
  };
}
