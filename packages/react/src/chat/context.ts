/** The chat for components. */
import { createContext, useContext, useSyncExternalStore } from "react";
import type { ChatState, RoomState } from "../state/model.ts";
import type { Chat } from "./chat.ts";

/** Filled by the page of somebody who is signed in. */
export const ChatContext = createContext<Chat | undefined>(undefined);

/** The chat. Only below `ChatContext`. */
export function useChat(): Chat {
  const chat = useContext(ChatContext);
  if (chat === undefined) throw new Error("no chat above this component");
  return chat;
}

/** A part of the state; renders again when it changes. `select` must return what is in the state, not copies. */
export function useChatState<T>(select: (state: ChatState) => T): T {
  const chat = useChat();
  return useSyncExternalStore(chat.subscribe, () => select(chat.get()));
}

/** One room, or undefined if nothing is known of it. */
export function useRoom(id: string): RoomState | undefined {
  return useChatState((state) => state.rooms[id]);
}
