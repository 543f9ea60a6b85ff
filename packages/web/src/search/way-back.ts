/** The way back from a message to the list that led there. */

/**
 * Esc in the conversation goes back, once. Whoever clicks somewhere or writes has arrived, and the offer is over.
 *
 * @returns What takes the offer back.
 */
export function offerWayBack(back: () => void): () => void {
  const end = (): void => {
    window.removeEventListener("keydown", onKey, { capture: true });
    window.removeEventListener("pointerdown", end, { capture: true });
  };
  const onKey = (event: KeyboardEvent): void => {
    const { target } = event;
    if (!(target instanceof Element)) return;
    // Dialogs and menus have an Esc of their own.
    if (document.querySelector("dialog[open], .popover:popover-open") !== null) return;
    const isInMessages = target.closest(".history") !== null || target === document.body;
    if (event.key === "Escape" && isInMessages && target.closest("textarea") === null) {
      event.preventDefault();
      event.stopPropagation();
      end();
      back();
    } else if (target.closest(".composer") !== null) end();
  };
  window.addEventListener("keydown", onKey, { capture: true });
  window.addEventListener("pointerdown", end, { capture: true });
  return end;
}
