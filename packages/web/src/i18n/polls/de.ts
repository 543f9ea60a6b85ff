/** German texts of the dialog that asks a poll. */
import type { CompleteSet } from "@parlance/react";
import type { polls as english } from "./en.ts";

/** Complete by type. */
export const polls: CompleteSet<typeof english> = {
  pollQuestion: "Frage",
  pollChoice: "Antwort {{number}}",
  pollAdd: "Antwort hinzufügen",
  pollRemove: "Antwort {{number}} entfernen",
  pollSeveral: "Mehrere Antworten möglich",
  pollAnonymous: "Niemand sieht, wer was gewählt hat",
  pollUntil: "Endet um (freiwillig)",
  pollAsk: "Fragen",
  pollTwo: "Eine Umfrage braucht mindestens zwei verschiedene Antworten.",
  pollOverBefore: "Sie wäre zu Ende, bevor sie gestellt wird.",
};
