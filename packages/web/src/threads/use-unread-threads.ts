/** How many threads that the reader follows have something unread. */
import { useChatState } from "@parlance/react";

/** As far as they are known. */
export function useUnreadThreads(): number {
  return useChatState(
    (state) =>
      Object.values(state.threads).filter(({ following, unread }) => following && unread > 0)
        .length,
  );
}
