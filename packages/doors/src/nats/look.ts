/** A look at a stream as its door would find it. Nothing is made. */
import { JetStreamApiCodes, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { ServiceUrl } from "../line/service-url.ts";
import { connectNats, isCode } from "./connect.ts";

/** What was found. `off`: the server keeps no streams, or none for this user. */
export type StreamLook =
  | { readonly state: "off" | "absent" }
  | {
      readonly state: "there";
      /** Messages of the stream, and of them those that the door has not taken yet. */
      readonly messages: number;
      readonly waiting: number;
    };

const apiMs = 3_000;

/** @throws what the driver says where nobody answers, or refuses. */
export async function lookAtStream(
  url: ServiceUrl,
  { stream, durable }: { readonly stream: string; readonly durable: string },
): Promise<StreamLook> {
  const connection = await reach(url);
  try {
    const { streams, consumers } = await jetstreamManager(connection, { timeout: apiMs });
    const { messages } = (await streams.info(stream)).state;
    const waiting = await consumers.info(stream, durable).then(
      ({ num_pending, num_ack_pending }) => num_pending + num_ack_pending,
      (error: unknown) => {
        if (isCode(error, JetStreamApiCodes.ConsumerNotFound)) return messages;
        throw error;
      },
    );
    return { state: "there", messages, waiting };
  } catch (error) {
    // The driver's class of that name is not exported.
    if (error instanceof Error && error.name === "JetStreamNotEnabled") return { state: "off" };
    if (isCode(error, JetStreamApiCodes.StreamNotFound)) return { state: "absent" };
    throw error;
  } finally {
    await connection.close();
  }
}

/** The first of its hosts that answers. */
async function reach(url: ServiceUrl): Promise<NatsConnection> {
  const gone = new AbortController().signal;
  let failure: unknown = new Error("no host");
  for (const address of url.hosts) {
    try {
      return await connectNats(url, { address, gone, lost: () => {} });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
