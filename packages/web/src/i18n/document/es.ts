/** Spanish texts of documents. */
import type { document as en } from "./en.ts";

export const document: { readonly [K in keyof typeof en]: string } = {
  kindDocument: "Documento",
  kindDocumentHint: "Los miembros lo escriben juntos; se guardan versiones.",
  documentText: "Texto del documento",
  documentPast: "Lo que decía el documento",
  documentOpening: "Abriendo …",
  documentAway: "Sin conexión. Lo que escriba se guarda aquí hasta que vuelva el servidor.",
  documentClosed: "Este documento está cerrado.",
  documentReadOnly: "Puede leer este documento.",
  documentHistory: "Historial",
  documentNow: "Ahora",
  documentVersion: "Versión",
  documentNoVersions: "Todavía no se guarda ninguna versión anterior.",
  documentVersionName: "Nombre de la versión",
  documentNameVersion: "Dar nombre a esta versión",
  documentRestore: "Volver a esta versión",
};
