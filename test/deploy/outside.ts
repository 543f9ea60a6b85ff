/** The fleet as somebody outside sees it: by its public name, over TLS, through the proxy. */
import { createHash, X509Certificate } from "node:crypto";
import { Agent, request } from "node:https";
import type { LookupFunction } from "node:net";
import WebSocket from "ws";
import { Speaker } from "../bad-input/scene.ts";
import { hostName, type ProxyProgram } from "./proxy-program.ts";

/** The public name is this machine's. */
const lookup: LookupFunction = (_, options, done) => {
  if (options.all === true) done(null, [{ address: "127.0.0.1", family: 4 }]);
  else done(null, "127.0.0.1", 4);
};

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Address of this machine that it comes from. */
  readonly from?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  json<T>(): T;
}

export class Outside {
  readonly #proxy: ProxyProgram;
  readonly agent: Agent;

  constructor(proxy: ProxyProgram) {
    this.#proxy = proxy;
    this.agent = new Agent({ ca: proxy.certificate.chain, lookup, servername: hostName });
  }

  get origin(): string {
    return this.#proxy.origin;
  }

  /** One request with a connection of its own. */
  ask(path: string, { method = "GET", headers = {}, body, from }: Asked = {}): Promise<Answered> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(`${this.origin}${path}`, {
        method,
        agent: false,
        ca: this.#proxy.certificate.chain,
        lookup,
        ...(from === undefined ? {} : { localAddress: from }),
        headers: {
          ...(content === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
      });
      sent.on("error", reject);
      sent.on("response", (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const whole = Buffer.concat(chunks);
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: whole,
            json: <T>() => JSON.parse(whole.toString()) as T,
          });
        });
      });
      sent.end(content);
    });
  }

  /** Options of `ws` that lead there. */
  socketOptions({ headers = {}, from }: Asked = {}): WebSocket.ClientOptions {
    // `lookup` goes on to the request; the types of `ws` do not name it.
    const options: WebSocket.ClientOptions & { readonly lookup: LookupFunction } = {
      ca: this.#proxy.certificate.chain,
      lookup,
      headers: { ...headers },
      ...(from === undefined ? {} : { localAddress: from }),
    };
    return options;
  }

  /** An open WebSocket. */
  async socket(path: string, asked: Asked = {}): Promise<Speaker> {
    const speaker = new Speaker(`${this.#socketOrigin}${path}`, this.socketOptions(asked));
    return speaker.opened();
  }

  /** The status that a handshake is answered with. */
  handshake(path: string): Promise<number> {
    const socket = new WebSocket(`${this.#socketOrigin}${path}`, this.socketOptions());
    return new Promise((resolve, reject) => {
      socket.once("open", () => {
        resolve(101);
        socket.terminate();
      });
      socket.once("unexpected-response", (sent, answer) => {
        resolve(answer.statusCode ?? 0);
        sent.destroy();
      });
      socket.on("error", reject);
    });
  }

  /** For the SDK: a constructor whose sockets lead there. */
  get webSocket(): new (
    url: string,
  ) => WebSocket {
    const options = this.socketOptions();
    return class extends WebSocket {
      constructor(url: string) {
        super(url, options);
      }
    };
  }

  get #socketOrigin(): string {
    return this.origin.replace("https:", "wss:");
  }

  /** Reads an event stream until it has `count` blocks with an event. */
  stream(path: string, headers: Readonly<Record<string, string>>): Promise<OpenStream> {
    return new Promise((resolve, reject) => {
      const options = { agent: false, ca: this.#proxy.certificate.chain, lookup, headers } as const;
      const sent = request(`${this.origin}${path}`, options, (answer) => {
        if (answer.statusCode !== 200) {
          reject(new Error(`${path}: ${answer.statusCode}`));
          return;
        }
        const stream: { text: string; close(): void } = { text: "", close: () => sent.destroy() };
        answer.on("data", (chunk: Buffer) => (stream.text += chunk.toString()));
        answer.on("error", () => {});
        resolve(stream);
      });
      sent.on("error", reject);
      sent.end();
    });
  }
}

/** What has come so far of an event stream. */
export interface OpenStream {
  readonly text: string;
  close(): void;
}

/** Chromium's flags for browsers that know the name and the certificates. */
export function flagsFor(chain: string): readonly string[] {
  const key = new X509Certificate(chain).publicKey.export({ type: "spki", format: "der" });
  const hash = createHash("sha256").update(key).digest("base64");
  return [
    `--host-resolver-rules=MAP ${hostName} 127.0.0.1`,
    `--ignore-certificate-errors-spki-list=${hash}`,
  ];
}
