/** Durable events of files: shared in a room, and removed from it. */
import { z } from "zod";
import { fileId, sha256 } from "../fields.ts";
import type { FileId } from "../ids.ts";

/** Payloads of file events by type. */
export interface FilePayloads {
  /** Whole and stored. `name` is harmless to show and to save as; it says nothing about the content. */
  "file.shared": {
    readonly file_id: FileId;
    readonly name: string;
    readonly bytes: number;
    /** As the owner said, where that is harmless; else `application/octet-stream`. */
    readonly media_type: string;
    /** Lower-case hexadecimal. */
    readonly sha256: string;
    readonly author_name: string;
  };
  /** The bytes are gone, and the payload of its `file.shared` is erased. */
  "file.deleted": { readonly file_id: FileId };
}

/** Schemas of the payloads. */
export const filePayloadSchemas: {
  readonly [T in keyof FilePayloads]: z.ZodType<FilePayloads[T]>;
} = {
  "file.shared": z.object({
    file_id: fileId,
    name: z.string(),
    bytes: z.int().min(1),
    media_type: z.string(),
    sha256,
    author_name: z.string(),
  }),
  "file.deleted": z.object({ file_id: fileId }),
};
