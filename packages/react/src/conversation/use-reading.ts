/** Whether somebody really reads: the end is shown, in a window that is in front. */
import { useEffect } from "react";
import { useChat } from "../chat/context.ts";

/** Tells the chat when reading begins and ends. */
export function useReading(room: string, isAtEnd: boolean): void {
  const chat = useChat();
  useEffect(() => {
    const tell = (): void =>
      chat.setReading(
        room,
        isAtEnd && document.visibilityState === "visible" && document.hasFocus(),
      );
    tell();
    document.addEventListener("visibilitychange", tell);
    window.addEventListener("focus", tell);
    window.addEventListener("blur", tell);
    return () => {
      document.removeEventListener("visibilitychange", tell);
      window.removeEventListener("focus", tell);
      window.removeEventListener("blur", tell);
    };
  }, [chat, room, isAtEnd]);
}
