/** A message's text as a tree. Nothing in it is markup: whatever draws it makes elements and text of it. */

/** Elements that have nothing but children. */
export type Plain =
  | "paragraph"
  | "heading"
  | "strong"
  | "emphasis"
  | "strike"
  | "spoiler"
  | "quote"
  | "bullets"
  | "item"
  | "table"
  | "head"
  | "body"
  | "row";

/** One piece of a text. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "rule" }
  | { readonly kind: "code"; readonly text: string }
  /** `language` as it was written, in lower case; empty if none was. */
  | { readonly kind: "block"; readonly text: string; readonly language: string }
  /** `href` is http, https or mailto, without a user name in it. */
  | { readonly kind: "link"; readonly href: string; readonly children: readonly Node[] }
  | { readonly kind: "numbers"; readonly start: number; readonly children: readonly Node[] }
  | {
      readonly kind: "cell";
      readonly isHead: boolean;
      readonly align: "start" | "center" | "end";
      readonly children: readonly Node[];
    }
  | { readonly kind: Plain; readonly children: readonly Node[] };
