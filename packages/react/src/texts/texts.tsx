/** The reader's texts for components. */
import { createContext, useContext } from "react";
import { englishTexts, type Texts } from "./translate.ts";

/** Filled by the provider; English without one. */
export const TextsContext = createContext<Texts>(englishTexts);

/** The texts of the components, and the language they are in. */
export function useTexts(): Texts {
  return useContext(TextsContext);
}
