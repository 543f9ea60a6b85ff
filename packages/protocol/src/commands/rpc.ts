/** A client's question that the application behind the server answers. */
import { z } from "zod";
import type { Json } from "../canonical.ts";
import { commandId, rpcData, rpcMethod } from "../fields.ts";
import type { CommandId } from "./command-id.ts";

/** Asks the application. Answers come in the order in which the application gives them, not in that of the questions. */
export interface Rpc {
  readonly type: "rpc";
  readonly id: CommandId;
  /** 1-64 of `A-Za-z0-9_.-`, the first a letter. */
  readonly method: string;
  /** At most 32 KiB as JSON. */
  readonly data?: Json;
}
export interface RpcAnswer {
  /** The application's answer, at most 128 KiB as JSON. */
  readonly data: Json;
}

export const rpc: z.ZodType<Rpc> = z.object({
  type: z.literal("rpc"),
  id: commandId,
  method: rpcMethod,
  data: rpcData.exactOptional(),
}) as unknown as z.ZodType<Rpc>;
