/** Puts somebody's name into the composer, where the reader was writing. */
export function mentionInComposer(name: string): void {
  // Once the dialog is gone, which gives the focus back to where it was.
  setTimeout(() => {
    const field = document.querySelector<HTMLTextAreaElement>("textarea[data-testid=composer]");
    if (field === null) return;
    field.focus();
    const before = field.value.slice(0, field.selectionStart);
    const space = before === "" || /\s$/.test(before) ? "" : " ";
    field.setRangeText(`${space}@${name} `, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  });
}
