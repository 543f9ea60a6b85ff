/** Colours for code. Loaded when the first block of code in a language is shown. */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

/** A run of code of one kind. */
export interface CodePiece {
  readonly text: string;
  /** Undefined: no colour. */
  readonly scope: CodeScope | undefined;
}
/** The kinds that have a colour (conversation.css). */
export type CodeScope = "comment" | "keyword" | "string" | "number" | "name" | "added" | "removed";

const languages = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  php,
  python,
  ruby,
  rust,
  sql,
  swift,
  typescript,
  xml,
  yaml,
};
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);

/** First parts of the library's scopes, by our kinds. */
const scopes: Readonly<Record<string, CodeScope>> = {
  comment: "comment",
  quote: "comment",
  keyword: "keyword",
  literal: "keyword",
  built_in: "keyword",
  type: "name",
  title: "name",
  section: "name",
  attr: "name",
  attribute: "name",
  name: "keyword",
  tag: "name",
  variable: "name",
  string: "string",
  regexp: "string",
  number: "number",
  symbol: "number",
  addition: "added",
  deletion: "removed",
};

/** The pieces of a code, which joined are the code; undefined for a language that is not known. */
export function colour(text: string, language: string): readonly CodePiece[] | undefined {
  if (hljs.getLanguage(language) === undefined) return undefined;
  const { _emitter: emitter } = hljs.highlight(text, { language, ignoreIllegals: true });
  const pieces: CodePiece[] = [];
  // The library's own tree: its HTML is not used, so a text can never become markup.
  const { rootNode } = emitter as unknown as { readonly rootNode: TreeNode };
  const walk = (node: TreeNode | string, scope: CodeScope | undefined): void => {
    if (typeof node === "string") {
      pieces.push({ text: node, scope });
      return;
    }
    const own = scopes[node.scope?.split(".")[0] ?? ""] ?? scope;
    for (const child of node.children) walk(child, own);
  };
  walk(rootNode, undefined);
  return pieces;
}

interface TreeNode {
  readonly scope?: string;
  readonly children: readonly (TreeNode | string)[];
}
