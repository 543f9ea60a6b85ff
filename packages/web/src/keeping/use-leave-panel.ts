/** From a panel into the conversation. */
import { useCallback } from "react";
import { usePage } from "../shell/context.ts";

/** From this width a panel stands beside the conversation (the same number is in layout.css). */
const threePanes = matchMedia("(min-width: 1100px)");

/**
 * Does something in the conversation. A panel that lies over it is closed before, and the dialog it was in has given the
 * focus back by then.
 */
export function useLeavePanel(): (act: () => void) => void {
  const page = usePage();
  return useCallback(
    (act) => {
      if (threePanes.matches) return act();
      page.closePanel();
      requestAnimationFrame(act);
    },
    [page],
  );
}
