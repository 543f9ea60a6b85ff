/** German texts of documents. */
import type { document as en } from "./en.ts";

export const document: { readonly [K in keyof typeof en]: string } = {
  kindDocument: "Dokument",
  kindDocumentHint: "Die Mitglieder schreiben gemeinsam daran; Fassungen werden aufgehoben.",
  documentText: "Text des Dokuments",
  documentPast: "Was im Dokument stand",
  documentOpening: "Wird geöffnet …",
  documentAway: "Keine Verbindung. Was Sie schreiben, bleibt hier, bis der Server wieder da ist.",
  documentClosed: "Dieses Dokument ist geschlossen.",
  documentReadOnly: "Sie dürfen dieses Dokument lesen.",
  documentHistory: "Verlauf",
  documentNow: "Jetzt",
  documentVersion: "Fassung",
  documentNoVersions: "Es ist noch keine frühere Fassung aufgehoben.",
  documentVersionName: "Name der Fassung",
  documentNameVersion: "Diese Fassung benennen",
  documentRestore: "Zu dieser Fassung zurückkehren",
};
