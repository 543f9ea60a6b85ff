/** From a panel into the conversation. */
import { useCallback } from "react";
import { threePanes } from "../app/widths.ts";
import { usePage } from "../shell/context.ts";

/**
 * Does something in the conversation. A panel that lies over it is closed before, and the dialog it was in has given the
 * focus back by then.
 */
export function useLeavePanel(): (act: () => void) => void {
  const page = usePage();
  return useCallback(
    (act) => {
      if (threePanes().matches) return act();
      page.closePanel();
      requestAnimationFrame(act);
    },
    [page],
  );
}
