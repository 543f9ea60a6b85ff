/** French texts of the dialog that asks a poll. */
import type { CompleteSet } from "@parlance/react";
import type { polls as english } from "./en.ts";

/** Complete by type. */
export const polls: CompleteSet<typeof english> = {
  pollQuestion: "Question",
  pollChoice: "Choix {{number}}",
  pollAdd: "Ajouter un choix",
  pollRemove: "Retirer le choix {{number}}",
  pollSeveral: "Plusieurs choix possibles",
  pollAnonymous: "Personne ne voit qui a choisi quoi",
  pollUntil: "Se termine à (facultatif)",
  pollAsk: "Demander",
  pollTwo: "Un sondage demande au moins deux choix différents.",
  pollOverBefore: "Il serait fini avant d’être posé.",
};
