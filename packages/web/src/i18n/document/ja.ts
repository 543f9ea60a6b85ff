/** Japanese texts of documents. */
import type { document as en } from "./en.ts";

export const document: { readonly [K in keyof typeof en]: string } = {
  kindDocument: "文書",
  kindDocumentHint: "メンバーが一緒に書きます。版が残されます。",
  documentText: "文書の本文",
  documentPast: "以前の文書の本文",
  documentOpening: "開いています…",
  documentAway: "接続されていません。書いた内容はサーバーが戻るまでここに保たれます。",
  documentClosed: "この文書は閉じられています。",
  documentReadOnly: "この文書は閲覧のみできます。",
  documentHistory: "履歴",
  documentNow: "現在",
  documentVersion: "版",
  documentNoVersions: "以前の版はまだありません。",
  documentVersionName: "版の名前",
  documentNameVersion: "この版に名前を付ける",
  documentRestore: "この版に戻す",
};
