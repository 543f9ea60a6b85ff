/** Durable events of documents. */
import { z } from "zod";
import { sequence } from "../fields.ts";
import type { Sequence } from "../ids.ts";

/** Payloads of document events by type. */
export interface DocumentPayloads {
  /** Somebody wrote. The author of the event is the writer. */
  "document.updated": {
    /** Update of Yjs, first encoding, as base64. Whoever meets the event erased syncs the document. */
    readonly update: string;
    readonly author_name: string;
    /** It makes the document say what this version says. */
    readonly restored?: Sequence;
  };
  /** Somebody named what the document said up to `version`. */
  "document.named": {
    readonly version: Sequence;
    readonly name: string;
    readonly by_name: string;
  };
}

/** Schemas of the payloads. */
export const documentPayloadSchemas: {
  readonly [T in keyof DocumentPayloads]: z.ZodType<DocumentPayloads[T]>;
} = {
  "document.updated": z.object({
    update: z.string(),
    author_name: z.string(),
    restored: sequence.exactOptional(),
  }),
  "document.named": z.object({ version: sequence, name: z.string(), by_name: z.string() }),
};
