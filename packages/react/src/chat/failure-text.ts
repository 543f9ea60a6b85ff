/** Error codes in words that help. */
import { ClientError } from "@parlance/client";
import { useTexts } from "../texts/texts.tsx";
import type { TextKey } from "../texts/translate.ts";

const texts: Readonly<Record<string, TextKey>> = {
  too_large: "errorTooLong",
  storage_full: "errorStorageFull",
  forbidden: "errorForbidden",
  archived: "errorArchived",
  not_found: "errorNotFound",
  conflict: "errorConflict",
  rate_limited: "errorTooMany",
  banned: "reasonBanned",
  offline: "errorOffline",
  timeout: "errorOffline",
  outbox_full: "errorOutboxFull",
};

/** A function from an error code to a sentence for the reader. Unknown codes get the general one. */
export function useFailureText(): (code: string | undefined) => string {
  const { t } = useTexts();
  return (code) => t((code === undefined ? undefined : texts[code]) ?? "errorServer");
}

/** The code of anything that was thrown by the SDK; `internal` for the rest. */
export function codeOf(error: unknown): string {
  return error instanceof ClientError ? error.code : "internal";
}
