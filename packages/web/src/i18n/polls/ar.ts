/** Arabic texts of the dialog that asks a poll. */
import type { CompleteSet } from "@parlance/react";
import type { polls as english } from "./en.ts";

/** Complete by type. */
export const polls: CompleteSet<typeof english> = {
  pollQuestion: "السؤال",
  pollChoice: "الخيار {{number}}",
  pollAdd: "إضافة خيار",
  pollRemove: "إزالة الخيار {{number}}",
  pollSeveral: "يمكن اختيار أكثر من خيار",
  pollAnonymous: "لا أحد يرى من اختار ماذا",
  pollUntil: "ينتهي في (اختياري)",
  pollAsk: "اسأل",
  pollTwo: "يحتاج الاستطلاع إلى خيارين مختلفين على الأقل.",
  pollOverBefore: "سينتهي قبل أن يُطرح.",
};
