import type { OutboxRow } from "@parlance/core";
import { type ClientMessageId, fields, ProtocolError, type Publication } from "@parlance/protocol";
import { readBytes } from "../read.ts";

/** A row that can be published. */
export interface RowContent {
  readonly publication: Publication;
  readonly key: ClientMessageId;
  readonly service: string | undefined;
}

/** Total over whatever an application wrote. @throws ProtocolError */
export function readRow({ publication, key, service }: OutboxRow): RowContent {
  const usable = fields.clientMessageId.safeParse(key);
  if (!usable.success) throw new ProtocolError("bad_request", { field: "idempotency_key" });
  // It becomes a part of the author's id.
  if (service !== undefined && !isName(service)) {
    throw new ProtocolError("bad_request", { field: "service" });
  }
  return { publication: readBytes(Buffer.from(publication)), key: usable.data, service };
}

function isName(service: string): boolean {
  return service !== "" && fields.userId.safeParse(`service:${service}`).success;
}
