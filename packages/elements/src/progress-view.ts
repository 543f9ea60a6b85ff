import type { JobState } from "@parlance/jobs";
import type { JobLink } from "./follow-job.ts";
import type { Texts } from "./texts.ts";

/** What is shown. `link` is `incomplete` where an attribute is missing. */
export interface ProgressPicture {
  readonly label: string;
  readonly state: JobState;
  readonly link: JobLink | "incomplete";
  readonly texts: Texts;
  /** For numbers. */
  readonly language: string;
}

/** The elements under a shadow root. Texts are texts: nothing that a job says is read as HTML. */
export interface ProgressView {
  draw(picture: ProgressPicture): void;
}

/** Fills an empty shadow root. */
export function createProgressView(root: ShadowRoot): ProgressView {
  const label = piece("span", "label");
  label.id = "label";
  const value = piece("span", "value");
  // The bar tells the same.
  value.ariaHidden = "true";
  const head = piece("div", "head", label, value);
  const fill = piece("div", "fill");
  const bar = piece("div", "bar", fill);
  bar.role = "progressbar";
  bar.ariaValueMin = "0";
  bar.ariaValueMax = "100";
  bar.setAttribute("aria-labelledby", "label");
  const message = piece("div", "message");
  message.role = "status";
  const connection = piece("div", "connection");
  connection.role = "status";
  root.append(head, bar, message, connection);

  return {
    draw: ({ label: name, state, link, texts, language }) => {
      const progress = state.status === "waiting" ? 0 : state.progress;
      const percent = progress === undefined ? "" : percentOf(progress, language);
      const told = messageOf(state, texts);
      write(label, name);
      write(value, state.status === "waiting" ? "" : percent);
      write(message, told.text);
      message.part.value = told.part;
      write(connection, connectionText(link, state, texts));
      connection.hidden = connection.textContent === "";
      // Of a job that cannot be seen it is not known that it waits.
      message.hidden = state.status === "waiting" && !connection.hidden;
      bar.classList.toggle("open", state.status === "processing" && progress === undefined);
      bar.ariaValueNow = progress === undefined ? null : String(Math.round(progress));
      bar.ariaValueText = [percent, told.text].filter(Boolean).join(", ");
      fill.style.inlineSize = progress === undefined ? "" : `${progress}%`;
    },
  };
}

/** A line that is read out when it changes must not be written when it does not. */
function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function piece(tag: "div" | "span", part: string, ...inside: readonly Node[]): HTMLElement {
  const element = document.createElement(tag);
  element.part.value = part;
  element.append(...inside);
  return element;
}

function messageOf(
  state: JobState,
  texts: Texts,
): { readonly text: string; readonly part: string } {
  switch (state.status) {
    case "waiting":
      return { text: texts.waiting, part: "message" };
    case "processing":
      return { text: state.text ?? texts.working, part: "message" };
    case "completed":
      return { text: state.text ?? texts.done, part: "message result" };
    case "failed":
      return { text: state.error ?? texts.failed, part: "message error" };
    default:
      return state satisfies never;
  }
}

function connectionText(link: JobLink | "incomplete", { status }: JobState, texts: Texts): string {
  // A job that is over needs no connection.
  if (status === "completed" || status === "failed") return "";
  return link === "online" || link === "connecting" ? "" : texts[link];
}

function percentOf(progress: number, language: string): string {
  const format = { style: "percent", maximumFractionDigits: 0 } as const;
  return new Intl.NumberFormat(language, format).format(progress / 100);
}
