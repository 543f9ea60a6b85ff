import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/* The server sends a policy without 'unsafe-inline' and 'unsafe-eval', so nothing may be inlined into the
 * page: no preload polyfill script, no `data:` assets. */
export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
