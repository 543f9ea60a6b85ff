/** For the test of a crash: receives half a file, says so, and waits to be killed. */
import type { FileId } from "@parlance/protocol";
import { openFileDirectory } from "./index.ts";

const [directory = "", id = ""] = process.argv.slice(2);
const store = await openFileDirectory({ directory });
const upload = await store.begin(id as FileId, 8);
if (upload === "full") throw new Error("full");
await upload.write(Buffer.from("half").toString("base64"));
process.stdout.write("half\n");
setInterval(() => {}, 1_000);
