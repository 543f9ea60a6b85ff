import type { TokenSource } from "@parlance/client";
import { type JobState, noJob } from "@parlance/jobs";
import type { Connections, Lease } from "./connections.ts";
import { followJob, type JobLink } from "./follow-job.ts";
import { progressStyle } from "./progress-style.ts";
import { createProgressView, type ProgressView } from "./progress-view.ts";
import { textsFor } from "./texts.ts";

/** `<parlance-progress>`, as scripts of a page see it. */
export interface ParlanceProgress extends HTMLElement {
  /** Gives the token, in place of the attribute: asked before each connect, and before a token ends. */
  getToken: TokenSource | undefined;
  /** How far the job is. */
  readonly job: JobState;
}

/** Details of `parlance:progress`, `parlance:completed` and `parlance:failed`. */
export type ProgressDetail = Exclude<JobState, { readonly status: "waiting" }>;

/** The language where the page names none. */
const fallbackLanguage = "en";

/** Makes the class for `customElements.define`. Elements of one class share connections. */
export function createProgressElement(
  connections: Connections,
): CustomElementConstructor & { new (): ParlanceProgress } {
  const style = new CSSStyleSheet();
  style.replaceSync(progressStyle);

  return class extends HTMLElement implements ParlanceProgress {
    static readonly observedAttributes = ["src", "room", "token", "label", "lang"];
    readonly #view: ProgressView;
    #getToken: TokenSource | undefined;
    #job: JobState = noJob;
    #link: JobLink | "incomplete" = "connecting";
    #lease: Lease | undefined;
    #unfollow: (() => void) | undefined;
    /** What was asked for is looked at once all attributes of the moment are set. */
    #isDue = false;

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [style];
      this.#view = createProgressView(root);
    }

    get getToken(): TokenSource | undefined {
      return this.#getToken;
    }

    set getToken(source: TokenSource | undefined) {
      this.#getToken = source;
      this.#beginSoon();
    }

    get job(): JobState {
      return this.#job;
    }

    connectedCallback(): void {
      // Set by the page before the element was defined, it hides the accessor.
      if (Object.hasOwn(this, "getToken")) {
        const { getToken } = this;
        Reflect.deleteProperty(this, "getToken");
        this.#getToken = getToken;
      }
      this.#draw();
      this.#beginSoon();
    }

    disconnectedCallback(): void {
      this.#stop();
    }

    attributeChangedCallback(name: string, before: string | null, now: string | null): void {
      if (before === now || !this.isConnected) return;
      if (name === "label" || name === "lang") this.#draw();
      else this.#beginSoon();
    }

    #beginSoon(): void {
      if (this.#isDue || !this.isConnected) return;
      this.#isDue = true;
      queueMicrotask(() => {
        this.#isDue = false;
        if (this.isConnected) this.#begin();
      });
    }

    #begin(): void {
      this.#stop();
      this.#job = noJob;
      this.#lease = this.#take();
      this.#link = this.#lease === undefined ? "incomplete" : "connecting";
      this.#draw();
      if (this.#lease === undefined) return;
      this.#unfollow = followJob(this.#lease, {
        onState: (state) => this.#onState(state),
        onLink: (link) => {
          this.#link = link;
          this.#draw();
        },
      });
    }

    #take(): Lease | undefined {
      const room = this.getAttribute("room");
      const token = this.getAttribute("token") ?? undefined;
      const getToken = this.#getToken;
      if (room === null || (token === undefined && getToken === undefined)) return undefined;
      const src = URL.parse(this.getAttribute("src") ?? "", document.baseURI)?.origin;
      if (src === undefined || src === "null") return undefined;
      const credential = getToken === undefined ? token : undefined;
      return connections.take({ src, token: credential, getToken }, room);
    }

    #stop(): void {
      this.#unfollow?.();
      this.#lease?.release();
      this.#unfollow = undefined;
      this.#lease = undefined;
    }

    #onState(state: JobState): void {
      this.#job = state;
      // Nothing follows an end (JOB-4).
      if (state.status === "completed" || state.status === "failed") this.#stop();
      this.#draw();
      if (state.status === "waiting") return;
      const name = state.status === "processing" ? "progress" : state.status;
      const detail: ProgressDetail = state;
      this.dispatchEvent(
        new CustomEvent(`parlance:${name}`, { detail, bubbles: true, composed: true }),
      );
    }

    #draw(): void {
      const language = this.closest<HTMLElement>("[lang]")?.lang || fallbackLanguage;
      const texts = textsFor(language);
      const label = this.getAttribute("label") ?? texts.label;
      if (this.getAttribute("status") !== this.#job.status)
        this.setAttribute("status", this.#job.status);
      this.#view.draw({ label, state: this.#job, link: this.#link, texts, language });
    }
  };
}
