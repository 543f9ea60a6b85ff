/** Lines of an export that tell what documents said: their log has it no more where updates were erased. */
import { z } from "zod";
import { base64, displayName, moment, roomId, roomTitle, sequence, userId } from "./fields.ts";
import type { EventId, RoomId, Sequence, UserId } from "./ids.ts";
import { limits } from "./limits.ts";

/** What a document said up to a place of its log. The one that erased updates are in comes before them. */
export interface ImportedDocumentState {
  readonly type: "document_state";
  readonly room: RoomId;
  readonly sequence: Sequence;
  /** Of the event in that place. */
  readonly id: EventId;
  /** When it was kept; ISO 8601. */
  readonly time: string;
  /** An update of Yjs, first encoding, as base64. */
  readonly state: string;
  readonly named?: {
    readonly name: string;
    readonly author: UserId;
    readonly author_name: string;
  };
}

/** Updates up to the state of this sequence were erased. Behind all of them. */
export interface ImportedDocumentErased {
  readonly type: "document_erased";
  readonly room: RoomId;
  readonly sequence: Sequence;
}

export type ImportedDocument = ImportedDocumentState | ImportedDocumentErased;

const eventId = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/) as unknown as z.ZodType<EventId>;

/** Schema of one such line. */
export const importedDocument: z.ZodType<ImportedDocument> = z.union([
  z.object({
    type: z.literal("document_state"),
    room: roomId,
    sequence,
    id: eventId,
    time: moment,
    state: base64(limits.documentBytes),
    named: z.object({ name: roomTitle, author: userId, author_name: displayName }).exactOptional(),
  }),
  z.object({ type: z.literal("document_erased"), room: roomId, sequence }),
]) as unknown as z.ZodType<ImportedDocument>;
