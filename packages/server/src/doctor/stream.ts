/** What the door of a JetStream stream finds. */
import { parseBrokerUrl } from "@parlance/broker/url";
import type { Config } from "../config/types.ts";
import { natsConsumer } from "../doors.ts";
import { broken, type Finding, fine, wordOf } from "./finding.ts";

const about = "door";

/** Of an install that reads no stream there is nothing to find. */
export async function examineStream(config: Config): Promise<readonly Finding[]> {
  const { nats_door_url: url, nats_door_stream: stream } = config;
  if (url === undefined || stream === undefined) return [];
  const { lookAtStream } = await import("@parlance/doors/nats");
  try {
    const found = await lookAtStream(parseBrokerUrl(url), { stream, durable: natsConsumer });
    switch (found.state) {
      case "off":
        return [
          broken(
            about,
            "JetStream is not on, for this user at least: there are no streams.",
            "Start nats-server with -js, or allow it for the account. Without PARLANCE_NATS_DOOR_STREAM the door listens to subjects, and " +
              "what is said while nobody listens is lost.",
          ),
        ];
      case "absent":
        return [fine(about, `There is no stream ${stream} yet: the server makes it.`)];
      case "there":
        return [
          fine(
            about,
            `The stream ${stream} has ${found.messages} messages, ${found.waiting} wait.`,
          ),
        ];
      default:
        return found satisfies never;
    }
  } catch (error) {
    return [
      broken(
        about,
        `The stream ${stream} cannot be looked at: ${wordOf(error)}.`,
        "May this user ask JetStream ($JS.API.>)? Are host, port, user and password right?",
      ),
    ];
  }
}
