/* What Monaco does beside the page. */
import "monaco-editor/editor/editor.worker.js";
