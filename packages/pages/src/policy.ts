import { createHash } from "node:crypto";

/**
 * Sources for a Content-Security-Policy that lets a page's own inline elements run and no others (CSP 3,
 * "hash-source"): for a page that has to be one file because it is opened from disk as well.
 */
export function inlineHashes(page: string, element: "script" | "style"): readonly string[] {
  const found = page.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, "gs"));
  return Array.from(found, ([, text = ""]) => {
    const digest = createHash("sha256").update(text, "utf8").digest("base64");
    return `'sha256-${digest}'`;
  });
}
