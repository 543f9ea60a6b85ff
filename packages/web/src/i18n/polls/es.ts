/** Spanish texts of the dialog that asks a poll. */
import type { CompleteSet } from "@parlance/react";
import type { polls as english } from "./en.ts";

/** Complete by type. */
export const polls: CompleteSet<typeof english> = {
  pollQuestion: "Pregunta",
  pollChoice: "Opción {{number}}",
  pollAdd: "Añadir una opción",
  pollRemove: "Quitar la opción {{number}}",
  pollSeveral: "Se pueden elegir varias",
  pollAnonymous: "Nadie ve quién eligió qué",
  pollUntil: "Termina a las (opcional)",
  pollAsk: "Preguntar",
  pollTwo: "Una encuesta necesita al menos dos opciones distintas.",
  pollOverBefore: "Terminaría antes de preguntarse.",
};
