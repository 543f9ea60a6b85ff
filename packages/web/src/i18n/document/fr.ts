/** French texts of documents. */
import type { document as en } from "./en.ts";

export const document: { readonly [K in keyof typeof en]: string } = {
  kindDocument: "Document",
  kindDocumentHint: "Les membres l’écrivent ensemble ; des versions sont conservées.",
  documentText: "Texte du document",
  documentPast: "Ce que disait le document",
  documentOpening: "Ouverture …",
  documentAway: "Pas de connexion. Ce que vous écrivez est gardé ici jusqu’au retour du serveur.",
  documentClosed: "Ce document est fermé.",
  documentReadOnly: "Vous pouvez lire ce document.",
  documentHistory: "Historique",
  documentNow: "Maintenant",
  documentVersion: "Version",
  documentNoVersions: "Aucune version antérieure n’est encore conservée.",
  documentVersionName: "Nom de la version",
  documentNameVersion: "Nommer cette version",
  documentRestore: "Revenir à cette version",
};
