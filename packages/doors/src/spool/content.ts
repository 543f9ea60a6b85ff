/** What a file of the spool says, and what is written beside one that is not published. */
import { createHash } from "node:crypto";
import { type ClientMessageId, ProtocolError, type Publication } from "@parlance/protocol";
import { readBytes } from "../read.ts";

export type Content =
  | { readonly is: "publication"; readonly publication: Publication; readonly keyId?: string }
  | { readonly is: "refused"; readonly error: ProtocolError }
  /** No JSON object, or not yet: it may still be written. */
  | { readonly is: "unfinished"; readonly error: ProtocolError };

const maxKeyIdLength = 64;

/** Total over any bytes. */
export function readContent(bytes: Buffer): Content {
  let whole: Readonly<Record<string, unknown>> | undefined;
  try {
    const publication = readBytes(bytes, [
      (value) => {
        whole = value;
        return undefined;
      },
    ]);
    const keyId = whole?.["key_id"];
    if (keyId === undefined) return { is: "publication", publication };
    if (typeof keyId !== "string" || keyId === "" || keyId.length > maxKeyIdLength) {
      return { is: "refused", error: new ProtocolError("bad_request", { field: "key_id" }) };
    }
    return { is: "publication", publication, keyId };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const isUnfinished = whole === undefined && error.code !== "too_large";
    return { is: isUnfinished ? "unfinished" : "refused", error };
  }
}

/** The same whenever the same file is read: what was published and not yet taken away is not published again. */
export function keyOfName(name: string): ClientMessageId {
  return `spool:${createHash("sha256").update(name).digest("hex").slice(0, 40)}` as ClientMessageId;
}
