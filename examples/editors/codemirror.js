/* CodeMirror on a text. Tab leaves it, as a page's readers expect. */
import { defaultKeymap } from "@codemirror/commands";
import { html } from "@codemirror/lang-html";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";

export function mountCodeMirror(parent, { text, cursors, undoManager, mayWrite }) {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        lineNumbers(),
        html(),
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "The page, in CodeMirror" }),
        EditorState.readOnly.of(!mayWrite),
        yCollab(text, cursors, { undoManager }),
      ],
    }),
  });
  return {
    content: () => view.state.doc.toString(),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
