/* Monaco on a text, with what a text needs of it: no language services, no palette. */
import * as monaco from "monaco-editor/editor/editor.api.js";
import "monaco-editor/features/find/register.js";
import "monaco-editor/languages/definitions/html/register.js";
import { MonacoBinding } from "y-monaco";

globalThis.MonacoEnvironment = {
  getWorker: () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
};

export function mountMonaco(parent, { text, cursors, undoManager, mayWrite }) {
  const host = parent.appendChild(document.createElement("div"));
  const model = monaco.editor.createModel(text.toString(), "html");
  model.setEOL(monaco.editor.EndOfLineSequence.LF);
  const editor = monaco.editor.create(host, {
    model,
    readOnly: !mayWrite,
    ariaLabel: "The page, in Monaco",
    tabFocusMode: true,
    automaticLayout: true,
    wordWrap: "on",
    minimap: { enabled: false },
    autoClosingBrackets: "never",
    autoClosingQuotes: "never",
    autoIndent: "none",
  });
  const binding = new MonacoBinding(text, model, new Set([editor]), cursors);
  undoManager.addTrackedOrigin(binding);
  // Monaco's own would take back what others wrote.
  const { KeyMod, KeyCode } = monaco;
  editor.addCommand(KeyMod.CtrlCmd | KeyCode.KeyZ, () => undoManager.undo());
  editor.addCommand(KeyMod.CtrlCmd | KeyMod.Shift | KeyCode.KeyZ, () => undoManager.redo());
  editor.addCommand(KeyMod.CtrlCmd | KeyCode.KeyY, () => undoManager.redo());
  editor.onDidBlurEditorText(() => cursors.setLocalStateField("cursor", null));
  const names = showNames(cursors);
  return {
    content: () => model.getValue(),
    focus: () => editor.focus(),
    destroy() {
      names.destroy();
      undoManager.removeTrackedOrigin(binding);
      binding.destroy();
      editor.dispose();
      model.dispose();
      host.remove();
    },
  };
}

/** y-monaco draws with classes of each client's; here they get their names and colours. */
function showNames(cursors) {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  const draw = () => {
    const rules = [];
    for (const [client, { user }] of cursors.getStates()) {
      const { name, color, colorLight } = user;
      rules.push(
        `.yRemoteSelection-${client} { background: ${colorLight} }`,
        `.yRemoteSelectionHead-${client} { position: relative; border-inline-start: 2px solid ${color} }`,
        `.yRemoteSelectionHead-${client}::after { content: ${quoted(name)}; position: absolute; inset-block-start: 100%;
          inset-inline-start: -2px; padding-inline: 4px; color: #fff; background: ${color}; font: 11px/1.4 system-ui; white-space: nowrap; z-index: 1 }`,
      );
    }
    sheet.replaceSync(rules.join("\n"));
  };
  cursors.on("change", draw);
  draw();
  return {
    destroy() {
      cursors.off("change", draw);
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    },
  };
}

/** A text of CSS, whatever is in it. */
function quoted(name) {
  const letters = [...name].map((letter) => `\\${letter.codePointAt(0).toString(16)} `);
  return `"${letters.join("")}"`;
}
