/** How many unread messages mention the reader. */
import { useChatState } from "@parlance/react";

/** In all rooms of theirs. */
export function useUnreadMentions(): number {
  return useChatState((state) =>
    Object.values(state.rooms).reduce(
      (sum, room) => sum + (room.role === undefined ? 0 : room.mentions),
      0,
    ),
  );
}
