import { type Command, type Json, limits, ProtocolError, type RpcAnswer } from "@parlance/protocol";
import { backEndMay } from "../authorize.ts";
import { Pipelined } from "../outcome.ts";
import type { CommandContext } from "../services.ts";
import type { WorkBound } from "../under-way.ts";
import { askerOf } from "./entering.ts";

/** A client's question to the application. What the connection asks for behind it does not wait. */
export function rpc(context: CommandContext, command: Command<"rpc">): Pipelined<RpcAnswer> {
  const { identity, services } = context;
  if (identity.isAnonymous === true) throw new ProtocolError("unauthenticated");
  if (identity.scopes !== undefined && !backEndMay(identity.scopes, "write")) {
    throw new ProtocolError("forbidden");
  }
  if (services.hooks?.rpc === undefined) throw nobodyAnswers();
  return new Pipelined(ask(context, command));
}

/** There is no back end for that. */
export function nobodyAnswers(): ProtocolError {
  return new ProtocolError(
    "not_found",
    { field: "method" },
    { text: "No back end is connected that could answer that." },
  );
}

async function ask(context: CommandContext, command: Command<"rpc">): Promise<RpcAnswer> {
  return { data: await askApplication(context, command.method, command.data) };
}

/** Asks within the bounds that hold for questions. @throws ProtocolError as `Hooks.rpc`. */
export async function askApplication(
  context: CommandContext,
  method: string,
  data: Json | undefined,
): Promise<Json> {
  const { services } = context;
  return services.questions.run(boundsOf(context), async () => {
    const question = { ...askerOf(context), method, ...(data === undefined ? {} : { data }) };
    return (await services.hooks?.rpc?.(question)) ?? null;
  });
}

/** Each connection by itself; without one, each user; and all of one user. A back end that has no connection asks as it likes. */
function boundsOf({ connection, identity }: CommandContext): readonly WorkBound[] {
  const user = `user ${identity.principal}`;
  const all = { whose: user, most: limits.rpcAtOncePerUser };
  if (connection !== undefined) {
    const here = { whose: `connection ${connection.connectionId}`, most: limits.rpcAtOnce };
    return identity.scopes === undefined ? [here, all] : [here];
  }
  if (identity.scopes !== undefined) return [];
  return [{ whose: `${user} without a connection`, most: limits.rpcAtOnce }, all];
}
