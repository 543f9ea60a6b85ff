/** English texts of documents. */
export const document = {
  kindDocument: "Document",
  kindDocumentHint: "Members write it together; versions are kept.",
  documentText: "Text of the document",
  documentPast: "What the document said",
  documentOpening: "Opening …",
  documentAway: "Not connected. What you write is kept here until the server is back.",
  documentClosed: "This document is closed.",
  documentReadOnly: "You may read this document.",
  documentHistory: "History",
  documentNow: "Now",
  documentVersion: "Version",
  documentNoVersions: "No earlier version is kept yet.",
  documentVersionName: "Name of the version",
  documentNameVersion: "Name this version",
  documentRestore: "Go back to this version",
} as const;
