/** What lies over a page, and how the page's own way back closes it. */
import { createContext, useContext, useEffect, useRef } from "react";

/** Told of everything that opens over the page, with what closes it. @returns what is called once it is gone. */
export type AddLayer = (close: () => void) => () => void;

/** Filled by a page in which the browser's Back closes what lies over it. */
export const LayerContext = createContext<AddLayer | undefined>(undefined);

/** This component lies over the page for as long as it is there. */
export function useLayer(onClose: () => void): void {
  const add = useContext(LayerContext);
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => add?.(() => close.current()), [add]);
}
