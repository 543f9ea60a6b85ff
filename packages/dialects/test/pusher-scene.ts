/** Pages and a back end of Pusher's own libraries, for its conformance tests. */
import { createHmac } from "node:crypto";
import Echo from "laravel-echo";
import Server from "pusher";
import library, { type Channel, type Options } from "pusher-js";
import library7 from "pusher-js-7";
import { JsonClient } from "./json-client.ts";

/** A page: the library's types are of a module that its file for Node is not. */
export type Pusher = library.default;
type Library = typeof library.default;
const Pusher = library as unknown as Library;

/** The application that the install speaks Pusher with. */
export const app = { appId: "shop", key: "shop-key", secret: "shop-secret-of-tests" } as const;

export const pusherEnvironment = {
  PARLANCE_PUSHER_APP_ID: app.appId,
  PARLANCE_PUSHER_KEY: app.key,
  PARLANCE_PUSHER_SECRET: app.secret,
} as const;

/** The application's signature over a text. */
export function sign(text: string, secret: string = app.secret): string {
  return `${app.key}:${createHmac("sha256", secret).update(text).digest("hex")}`;
}

/** Who a page's user is, as the application knows. */
export interface PageUser {
  readonly id: string;
  readonly info?: Readonly<Record<string, unknown>>;
  readonly device?: string;
}

/** Both major versions that pages have. */
export const libraries: Readonly<Record<string, Library>> = {
  "pusher-js 8": Pusher,
  "pusher-js 7": library7 as unknown as Library,
};

/** How a page reaches a server, and what its application signs for it. */
export function optionsOf(port: number, user?: PageUser): Options {
  return {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: port,
    forceTLS: false,
    enabledTransports: ["ws"],
    disableStats: true,
    channelAuthorization: {
      endpoint: "",
      transport: "ajax",
      customHandler: ({ channelName, socketId }, done) => {
        const isPresence = channelName.startsWith("presence-");
        const { id, info, device } = user ?? { id: "nobody" };
        const data = isPresence
          ? JSON.stringify({ user_id: id, user_info: info ?? {}, device })
          : undefined;
        const text = [socketId, channelName, ...(data === undefined ? [] : [data])].join(":");
        done(null, { auth: sign(text), ...(data === undefined ? {} : { channel_data: data }) });
      },
    },
    userAuthentication: {
      endpoint: "",
      transport: "ajax",
      customHandler: ({ socketId }, done) => {
        const { id, info, device } = user ?? { id: "nobody" };
        const data = JSON.stringify({ id, user_info: info ?? {}, device });
        done(null, { auth: sign(`${socketId}::user::${data}`), user_data: data });
      },
    },
  };
}

const pages: Pusher[] = [];

/** A page of the library. */
export function page(port: number, user?: PageUser, made: Library = Pusher): Pusher {
  const opened = new made(app.key, optionsOf(port, user));
  pages.push(opened);
  return opened;
}

/** A page of Laravel's library, set up as its documentation says. */
export function echo<B extends "pusher" | "reverb">(
  port: number,
  broadcaster: B,
  user?: PageUser,
): Echo<B> {
  const options = { ...optionsOf(port, user), broadcaster, key: app.key, Pusher };
  return new Echo<B>(options as unknown as ConstructorParameters<typeof Echo<B>>[0]);
}

/** Closes every page. */
export function closePages(): void {
  for (const each of pages.splice(0)) each.disconnect();
}

/** The application's back end. */
export function backEnd(port: number): Server {
  return new Server({ ...app, host: "127.0.0.1", port: String(port), useTLS: false });
}

/** A channel of a page, once it is subscribed. */
export async function subscribed(from: Pusher, name: string): Promise<Channel> {
  const channel = from.subscribe(name);
  await new Promise<void>((resolve, reject) => {
    channel.bind("pusher:subscription_succeeded", () => resolve());
    channel.bind("pusher:subscription_error", (error: unknown) =>
      reject(new Error(`${name}: ${JSON.stringify(error)}`)),
    );
  });
  return channel;
}

/** The events of a channel as `name data`, those of the protocol left out. */
export function heardOn(channel: Channel): string[] {
  const heard: string[] = [];
  channel.bind_global((name: string, data: unknown) => {
    if (!name.startsWith("pusher")) heard.push(`${name} ${JSON.stringify(data)}`);
  });
  return heard;
}

/** A bare connection that has been told its `socket_id`. */
export class RawPage {
  readonly client: JsonClient;
  readonly socketId: string;

  private constructor(client: JsonClient, socketId: string) {
    this.client = client;
    this.socketId = socketId;
  }

  static async open(url: string): Promise<RawPage> {
    const client = await JsonClient.open(`${url}/app/${app.key}?protocol=7`);
    const { data } = await client.until(({ event }) => event === "pusher:connection_established");
    return new RawPage(client, (JSON.parse(data as string) as { socket_id: string }).socket_id);
  }

  subscribe(channel: string, data?: string, auth?: string): void {
    const text = [this.socketId, channel, ...(data === undefined ? [] : [data])].join(":");
    const channelData = data === undefined ? {} : { channel_data: data };
    this.client.send({
      event: "pusher:subscribe",
      data: { channel, auth: auth ?? sign(text), ...channelData },
    });
  }

  signIn(data: object): void {
    const text = JSON.stringify(data);
    const auth = sign(`${this.socketId}::user::${text}`);
    this.client.send({ event: "pusher:signin", data: { auth, user_data: text } });
  }

  async comes(event: string): Promise<Record<string, unknown>> {
    return { ...(await this.client.until((frame) => frame["event"] === event)) };
  }

  async subscribed(channel: string, data?: string): Promise<void> {
    this.subscribe(channel, data);
    await this.comes("pusher_internal:subscription_succeeded");
  }
}
