/** `<parlance-room>`: a room in any page, with looks of its own that neither take from the page nor give to it. */
import { type Client, createClient } from "@parlance/client";
import type { Root } from "react-dom/client";
import { hostSheet } from "./host-sheet.ts";

/** Gives the token, in place of the attribute: asked before each connect, and before a token ends. */
export type GetToken = () => string | Promise<string>;

/** `<parlance-room>`, as scripts of a page see it. */
export interface ParlanceRoom extends HTMLElement {
  /** A function that fetches tokens; set it instead of the attribute `token` for visits longer than one token lives. */
  getToken: GetToken | undefined;
}

/**
 * Attributes: `room` (its id), `token` or `guest` (the name of somebody without an account), `src` (the server; where the
 * module came from if absent), `lang`, `theme` (`light`, `dark`; as the system if absent).
 *
 * @param server Where the module came from.
 */
export function createRoomElement(server: string): CustomElementConstructor {
  return class extends HTMLElement implements ParlanceRoom {
    static readonly observedAttributes: readonly string[] = [
      "room",
      "token",
      "guest",
      "src",
      "lang",
      "theme",
    ];
    #getToken: GetToken | undefined;
    #root: Root | undefined;
    #client: Client | undefined;
    /** What the client signed in with last. */
    #token = "";
    /** What was asked for is looked at once all attributes of the moment are set. */
    #isDue = false;

    constructor() {
      super();
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [hostSheet];
    }

    get getToken(): GetToken | undefined {
      return this.#getToken;
    }

    set getToken(source: GetToken | undefined) {
      this.#getToken = source;
      this.#beginSoon();
    }

    connectedCallback(): void {
      this.#beginSoon();
    }

    disconnectedCallback(): void {
      this.#end();
    }

    attributeChangedCallback(name: string): void {
      if (name === "theme") this.#applyTheme();
      else this.#beginSoon();
    }

    #beginSoon(): void {
      if (this.#isDue) return;
      this.#isDue = true;
      queueMicrotask(() => {
        this.#isDue = false;
        this.#end();
        if (this.isConnected) void this.#begin();
      });
    }

    async #begin(): Promise<void> {
      const room = this.getAttribute("room");
      const client = this.#connect();
      const { shadowRoot } = this;
      if (room === null || client === undefined || shadowRoot === null) return;
      this.#client = client;
      this.#applyTheme();
      const language =
        this.closest<HTMLElement>("[lang]")?.lang ?? document.documentElement.lang ?? "en";
      const { drawRoom } = await import("./draw-room.tsx");
      // Somebody changed it meanwhile.
      if (this.#client !== client) return;
      this.#root = await drawRoom(shadowRoot, {
        client,
        room,
        language,
        server: this.#server,
        token: () => this.#token,
      });
    }

    #connect(): Client | undefined {
      const url = new URL("/ws", this.#server).href;
      const source = this.#getToken;
      if (source !== undefined) {
        const token = async (): Promise<string> => (this.#token = await source());
        return createClient({ url, token });
      }
      const token = this.getAttribute("token");
      if (token !== null) {
        this.#token = token;
        return createClient({ url, token });
      }
      const name = this.getAttribute("guest");
      if (name === null) return undefined;
      const kept = readGuest(url);
      this.#token = kept ?? "";
      return createClient({
        url,
        guest: kept === undefined ? { name } : { name, token: kept },
        onToken: (given) => {
          this.#token = given;
          keepGuest(url, given);
        },
      });
    }

    get #server(): string {
      return new URL(this.getAttribute("src") ?? server).origin.replace(/^ws/, "http");
    }

    #end(): void {
      this.#root?.unmount();
      this.#root = undefined;
      this.#client?.close();
      this.#client = undefined;
    }

    #applyTheme(): void {
      const wanted = this.getAttribute("theme");
      const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
      this.dataset["theme"] = wanted ?? (isDark ? "dark" : "light");
    }
  };
}

const guestKey = (url: string): string => `parlance.widget.${url}`;

/** A guest who comes back is the same one. A browser that keeps nothing makes a new one each time. */
function readGuest(url: string): string | undefined {
  try {
    return localStorage.getItem(guestKey(url)) ?? undefined;
  } catch {
    return undefined;
  }
}

function keepGuest(url: string, token: string): void {
  try {
    localStorage.setItem(guestKey(url), token);
  } catch {
    // It lives on in memory for as long as the page does.
  }
}
