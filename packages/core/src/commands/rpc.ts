import { type Command, limits, ProtocolError, type RpcAnswer } from "@parlance/protocol";
import { backEndMay } from "../authorize.ts";
import { Pipelined } from "../outcome.ts";
import type { CommandContext } from "../services.ts";
import { backlogRetryMs } from "../task-order.ts";
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
  const { connection, identity, services } = context;
  const { method, data } = command;
  const answered = async (): Promise<RpcAnswer> => {
    const question = { ...askerOf(context), method, ...(data === undefined ? {} : { data }) };
    return { data: (await services.hooks?.rpc?.(question)) ?? null };
  };
  if (connection === undefined && identity.scopes !== undefined) return answered();
  // Each connection by itself; without one, each user.
  const asker = connection?.connectionId ?? identity.principal;
  const { questions } = services;
  const under = questions.get(asker) ?? 0;
  if (under >= limits.rpcAtOnce) {
    throw new ProtocolError("rate_limited", {
      limit: limits.rpcAtOnce,
      retry_after_ms: backlogRetryMs,
    });
  }
  questions.set(asker, under + 1);
  try {
    return await answered();
  } finally {
    const left = (questions.get(asker) ?? 1) - 1;
    if (left > 0) questions.set(asker, left);
    else questions.delete(asker);
  }
}
