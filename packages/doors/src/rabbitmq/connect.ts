/** Connections of the door to RabbitMQ: one attempt each, no coming back by themselves. */
import type { Socket } from "node:net";
import { type Channel, type ChannelModel, connect } from "amqplib";
import type { Shift } from "../line/keep-open.ts";
import type { ServiceHost, ServiceUrl } from "../line/service-url.ts";

const connectMs = 3_500;
/**
 * Seconds between two heartbeats; after two or three without an answer the server lets go. It gives a consumer's messages to nobody
 * else before, also not to this node's next connection.
 */
const heartbeatS = 5;

/** A connection at the shift's address, gone with the shift. */
export async function connectRabbitmq(
  url: ServiceUrl,
  { address, gone, lost }: Pick<Shift<ServiceHost>, "address" | "gone" | "lost">,
): Promise<ChannelModel> {
  const connection = await connect(
    {
      protocol: url.scheme.slice(0, -1),
      hostname: address.host,
      port: address.port,
      username: url.user ?? "guest",
      password: url.password ?? (url.user === undefined ? "guest" : ""),
      vhost: encodeURIComponent(url.path === undefined || url.path === "" ? "/" : url.path),
      heartbeat: heartbeatS,
    },
    { timeout: connectMs, noDelay: true },
  );
  connection.on("error", lost);
  connection.on("close", (error) => lost(error ?? new Error("closed")));
  // With an error, since the driver lets go of its timers for nothing less. A closing handshake may never be answered.
  const end = (): void => {
    socketOf(connection)?.destroy(new Error("given up"));
  };
  gone.addEventListener("abort", end, { once: true });
  if (gone.aborted) end();
  return connection;
}

/** The driver's types do not show it. */
function socketOf(connection: ChannelModel): Socket | undefined {
  return (connection.connection as unknown as { readonly stream?: Socket }).stream;
}

/** Its failures are the shift's. */
export function watch(channel: Channel, lost: (reason: unknown) => void): void {
  channel.on("error", lost);
  channel.on("close", () => lost(new Error("channel closed")));
}

/** Whether the server says that something is not allowed, or is there in another shape. */
export function isRefusal(error: unknown): boolean {
  // 403 ACCESS_REFUSED and 406 PRECONDITION_FAILED, AMQP 0-9-1 §1.1.
  return error instanceof Error && "code" in error && (error.code === 403 || error.code === 406);
}

/** Whether the server has no such thing: also of a queue whose server in the cluster is away. */
export function isAbsent(error: unknown): boolean {
  // 404 NOT_FOUND.
  return error instanceof Error && "code" in error && error.code === 404;
}

/**
 * Declares something on a channel of its own, which a refusal closes.
 *
 * @returns false where it is there with other arguments, or is not ours to declare.
 */
export async function declares(
  connection: ChannelModel,
  declare: (channel: Channel) => Promise<unknown>,
): Promise<boolean> {
  const channel = await connection.createChannel();
  // The one who waits is told, too.
  channel.on("error", () => {});
  try {
    await declare(channel);
    await channel.close();
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}
