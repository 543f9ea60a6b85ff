import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where built files are. Absent parts are simply not served. */
export interface WebFiles {
  /** Output of the web app's build, with `index.html` and `assets/`. */
  readonly app: string;
  /** The SDK as one file for browsers. */
  readonly client: string;
  /** The custom elements, with the SDK in them, as one file for browsers. */
  readonly elements: string;
  /** Folder of the room for pages without a build: `widget.js`, and the modules that it loads. */
  readonly widget: string;
}

/** Of this repository's own packages. */
export const builtFiles: WebFiles = {
  app: join(import.meta.dirname, "../../web/dist"),
  client: join(import.meta.dirname, "../../client/dist/parlance.js"),
  elements: join(import.meta.dirname, "../../elements/dist/elements.js"),
  widget: join(import.meta.dirname, "../../widget/dist"),
};

/** Whether the web app was built. */
export function hasWebApp(files: WebFiles): boolean {
  return existsSync(join(files.app, "index.html"));
}
