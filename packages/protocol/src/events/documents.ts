/** Durable events of documents. */
import { z } from "zod";

/** Payloads of document events by type. */
export interface DocumentPayloads {
  /** Somebody wrote. The author of the event is the writer. */
  "document.updated": {
    /** Update of Yjs, first encoding, as base64. Whoever meets the event erased syncs the document. */
    readonly update: string;
    readonly author_name: string;
  };
}

/** Schemas of the payloads. */
export const documentPayloadSchemas: {
  readonly [T in keyof DocumentPayloads]: z.ZodType<DocumentPayloads[T]>;
} = {
  "document.updated": z.object({ update: z.string(), author_name: z.string() }),
};
