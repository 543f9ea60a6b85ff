/** The error table as Markdown, for `docs/protocol/errors.md`. */
import { type ErrorRow, errors } from "./errors.ts";

/** What a client does when a connection was closed with `code` (RFC 6455 §7.4), also one it has never seen. */
export function closeAdvice(code: number): "reconnect" | "give up" {
  return code >= 4500 && code <= 4999 ? "give up" : "reconnect";
}

function row([code, { http, close, retry, text }]: readonly [string, ErrorRow]): string {
  const closing = close === undefined ? "" : `${close} (${closeAdvice(close)})`;
  return `| \`${code}\` | ${http} | ${closing} | \`${retry}\` | ${text} |`;
}

/** One line for each row of the table, in its order. Ends with a line feed. */
export function errorTableMarkdown(): string {
  return [
    "| Code | REST status | Close code | Retry | Text |",
    "|---|---|---|---|---|",
    ...Object.entries(errors).map(row),
    "",
  ].join("\n");
}
