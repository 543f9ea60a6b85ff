/** Arabic texts of documents. */
import type { document as en } from "./en.ts";

export const document: { readonly [K in keyof typeof en]: string } = {
  kindDocument: "مستند",
  kindDocumentHint: "يكتبه الأعضاء معًا، وتُحفظ نسخ منه.",
  documentText: "نص المستند",
  documentPast: "ما كان في المستند",
  documentOpening: "جارٍ الفتح …",
  documentAway: "لا اتصال. ما تكتبه محفوظ هنا حتى يعود الخادم.",
  documentClosed: "هذا المستند مغلق.",
  documentReadOnly: "يمكنك قراءة هذا المستند.",
  documentHistory: "السجل",
  documentNow: "الآن",
  documentVersion: "نسخة",
  documentNoVersions: "لا توجد نسخة سابقة محفوظة بعد.",
  documentVersionName: "اسم النسخة",
  documentNameVersion: "سمِّ هذه النسخة",
  documentRestore: "العودة إلى هذه النسخة",
};
