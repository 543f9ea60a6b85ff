import type { Client, ClientOptions } from "./types.ts";

/** Makes a client. It does nothing until `connect`. */
export declare function createClient(options: ClientOptions): Client;
