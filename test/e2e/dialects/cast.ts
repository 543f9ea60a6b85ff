/** One speaker for each dialect there is. */
import { RestSpeaker, StreamSpeaker } from "./http-speakers.ts";
import { PusherSpeaker } from "./pusher-speaker.ts";
import {
  ChatloggerSpeaker,
  MmbSpeaker,
  NativeSpeaker,
  PorticoSpeaker,
  SymfonySpeaker,
} from "./socket-speakers.ts";
import { SocketIoSpeaker } from "./socketio-speaker.ts";
import type { ServerPlace, Speaker } from "./speaker.ts";

/** @param who Tells two casts apart. */
export function cast(server: ServerPlace, who: "reader" | "writer"): readonly Speaker[] {
  const number = who === "reader" ? 700 : 800;
  return [
    new NativeSpeaker(server, `native-${who}`),
    new ChatloggerSpeaker(server, `logger ${who}`),
    new MmbSpeaker(server, number + 1),
    new PorticoSpeaker(server, number + 2),
    new SymfonySpeaker(server, `symfony_${who}`),
    new SocketIoSpeaker(server, `socketio ${who}`),
    new PusherSpeaker(server, `pusher-${who}`),
    new RestSpeaker(server, `rest-${who}`),
    new StreamSpeaker(server, `stream-${who}`),
  ];
}
