/** One store for several processes of a machine: its owner serves it on a Unix domain socket, the others connect. */
export { connectStore } from "./connect.ts";
export { type ServedStore, serveStore } from "./serve.ts";
