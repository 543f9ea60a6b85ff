import type { DeviceId, SignedIn } from "@parlance/protocol";
import type { ClientOptions, CommandBody } from "./types.ts";

/** The part of its life after which a token is renewed. */
const renewAt = 0.8;
/** The shortest and longest time to the next renewal; also after one that failed, or with a clock that is wrong. */
const shortestMs = 200;
const longestMs = 2_000_000_000;
const failedMs = 5_000;

/** Who comes, and how to prove it again and again. */
export class Credentials {
  readonly #options: ClientOptions;
  #guestToken: string | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#guestToken = options.guest?.token;
  }

  /** The first command of a connection. Asks the token source. */
  async signIn(): Promise<CommandBody<"sign_in">> {
    const { guest, deviceId } = this.#options;
    const token = await this.token();
    return {
      type: "sign_in",
      versions: [1],
      ...(token === undefined ? { guest: { name: guest?.name ?? "" } } : { token }),
      ...(deviceId === undefined ? {} : { device_id: deviceId as DeviceId }),
    };
  }

  /** Asks the source anew; undefined for a guest who was never here. */
  async token(): Promise<string | undefined> {
    const { token } = this.#options;
    return typeof token === "function" ? token() : (token ?? this.#guestToken);
  }

  /** Keeps what brings a guest back. */
  accept({ token }: SignedIn): void {
    if (token === undefined) return;
    this.#guestToken = token;
    this.#options.onToken?.(token);
  }

  /** Milliseconds until the token should be renewed; undefined if there is nothing to renew it with. */
  renewAfter(expiresAt: string | undefined): number | undefined {
    if (expiresAt === undefined || typeof this.#options.token !== "function") return undefined;
    const lifeMs = Date.parse(expiresAt) - Date.now();
    // Over already, though the server has just accepted it: this machine's clock is wrong.
    if (!(lifeMs > 0)) return failedMs;
    return Math.min(longestMs, Math.max(shortestMs, lifeMs * renewAt));
  }

  /** Milliseconds after which a renewal that failed is tried again. */
  get retryMs(): number {
    return failedMs;
  }
}
