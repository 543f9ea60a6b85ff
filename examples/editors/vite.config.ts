import { defineConfig } from "vite";

/* y-monaco asks for a path that Monaco's package has no more. */
export default defineConfig({
  resolve: {
    alias: {
      "monaco-editor/esm/vs/editor/editor.api.js": "monaco-editor/editor/editor.api.js",
    },
  },
});
