/** The servers that the product is measured beside. Their sources are outside: a folder given by `--peers`. */
import { join } from "node:path";
import { freePort } from "@parlance/testkit/server-process";
import type { Talk } from "./load.ts";
import { dataDirectory, parlance, type ServerSpec, secret } from "./servers.ts";
import {
  parlanceTalk,
  plainTalk,
  publishOptions,
  pusherKey,
  pusherTalk,
  socketIoTalk,
} from "./talks.ts";
import { userTokens } from "./tokens.ts";

/** One server of a comparison. */
export interface Peer {
  readonly spec: ServerSpec;
  /** Asked before each run, since message ids must be new in each. */
  talk(): Talk;
}

export type PeerName =
  | "parlance"
  | "parlance-pusher"
  | "socket.io"
  | "ws-naive"
  | "ws-tick"
  | "ws-native"
  | "uws.js";

export interface PeerOptions {
  /** Folder of the peers' servers, in or under one with their packages. */
  readonly folder: string;
  /** Connections, publishers included, that a run may open. */
  readonly connections: number;
  /** Another Node for uWebSockets.js, whose binary may not load in this one. */
  readonly uwsNode: string;
}

/** Makes a peer, with a free port and, for ours, an empty database on the disk. */
export async function createPeer(name: PeerName, options: PeerOptions): Promise<Peer> {
  const port = await freePort();
  const script = (file: string, ...args: string[]): ServerSpec => ({
    name,
    port,
    command: [process.execPath, join(options.folder, file), String(port), ...args],
  });
  const plain = (spec: ServerSpec): Peer => ({ spec, talk: () => plainTalk(port) });
  switch (name) {
    case "parlance": {
      const tokens = userTokens(options.connections, secret);
      const talk = parlanceTalk(port, tokens);
      return {
        spec: parlance(port, dataDirectory()),
        talk: () => ({ ...talk, options: publishOptions() }),
      };
    }
    case "parlance-pusher": {
      const tokens = userTokens(options.connections, secret);
      const talk = pusherTalk(port, tokens);
      const env = {
        PARLANCE_PUSHER_APP_ID: "bench",
        PARLANCE_PUSHER_KEY: pusherKey,
        PARLANCE_PUSHER_SECRET: secret,
      };
      return {
        spec: { ...parlance(port, dataDirectory(), env), name },
        talk: () => ({ ...talk, options: publishOptions() }),
      };
    }
    case "socket.io":
      return { spec: script("socketio.mjs"), talk: () => socketIoTalk(port) };
    case "ws-naive":
      return plain(script("ws-naive.mjs"));
    case "ws-tick":
      return plain(script("ws-optimized.mjs", "tick"));
    case "ws-native":
      return plain(script("ws-optimized.mjs", "native"));
    case "uws.js": {
      const command = [options.uwsNode, join(options.folder, "uwsjs.cjs"), String(port)];
      return plain({ name, port, command });
    }
    default:
      return name satisfies never;
  }
}
