/**
 * An application with a login of its own, that answers the `connect` hook as `docs/operations/hooks.md` says:
 * it checks the signature, and looks its own cookie up.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const maxAgeSeconds = 300;
const cookie = "PHPSESSID=the-session-of-ann";

interface Question {
  readonly type: string;
  readonly dialect: string;
  readonly headers: Readonly<Record<string, string>>;
}

export class Application {
  readonly #server: Server;
  readonly #secret: string;
  readonly #pages = new Map<string, string>();
  /** Questions of the hook whose signature was right. */
  readonly questions: Question[] = [];
  /** Questions whose signature was wrong or too old. */
  forged = 0;
  /** Answers nothing while this is so. */
  isSilent = false;

  private constructor(secret: string) {
    this.#secret = secret;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.writeHead(500).end());
    });
  }

  /** @param secret What it checks signatures with. */
  static async start(secret: string): Promise<Application> {
    const application = new Application(secret);
    application.#server.listen(0, "127.0.0.1");
    await once(application.#server, "listening");
    return application;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  put(path: string, text: string): string {
    this.#pages.set(path, text);
    return `${this.url}${path}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    if (path === "/login") {
      response.writeHead(200, { "set-cookie": `${cookie}; Path=/; HttpOnly` }).end("Welcome, Ann.");
    } else if (path === "/connect") {
      await this.#connect(request, response);
    } else {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      response.end(this.#pages.get(path) ?? "");
    }
  }

  async #connect(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (!this.#isSigned(String(request.headers["parlance-signature"]), body)) {
      this.forged += 1;
      response.writeHead(401).end();
      return;
    }
    const question = JSON.parse(body.toString()) as Question;
    this.questions.push(question);
    if (this.isSilent) return;
    const isAnn = question.headers["cookie"]?.split("; ").includes(cookie) === true;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(isAnn ? { user_id: 123, name: "Ann" } : {}));
  }

  #isSigned(field: string, body: Buffer): boolean {
    const [, time = "", given = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(field) ?? [];
    const right = createHmac("sha256", this.#secret).update(`${time}.`).update(body).digest();
    const isFresh = Math.abs(Date.now() / 1_000 - Number(time)) < maxAgeSeconds;
    return given !== "" && isFresh && timingSafeEqual(Buffer.from(given, "hex"), right);
  }
}

/** The cookie that a browser of somebody who is logged in sends. */
export const loginCookie: string = cookie;
