/** Japanese texts of the dialog that asks a poll. */
import type { CompleteSet } from "@parlance/react";
import type { polls as english } from "./en.ts";

/** Complete by type. */
export const polls: CompleteSet<typeof english> = {
  pollQuestion: "質問",
  pollChoice: "選択肢 {{number}}",
  pollAdd: "選択肢を追加",
  pollRemove: "選択肢 {{number}} を削除",
  pollSeveral: "複数選択できる",
  pollAnonymous: "誰が何を選んだかは誰にも見えない",
  pollUntil: "終了日時(任意)",
  pollAsk: "質問する",
  pollTwo: "異なる選択肢が2つ以上必要です。",
  pollOverBefore: "質問する前に終了してしまいます。",
};
