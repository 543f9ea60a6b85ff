/**
 * Questions that a node asks all nodes of its install, itself included: who is connected, what is measured. They travel on the
 * install-wide subject; nothing is kept, nothing is tried again, and whoever says nothing in time is named as silent.
 */
import { isPlainJson, type Json } from "@parlance/protocol";
import type { Answerer, AskOptions, FleetAnswers, NodePorts } from "./gate.ts";
import type { Notice } from "./ports/index.ts";
import { add, type Tally } from "./tally.ts";

/** Text of an answer in one notice, in UTF-16 code units: at most 48 KiB of UTF-8. */
export const answerPartLength = 16_384;
/** Of one answer: 4 MiB of text. One that would be longer is none. */
export const maxAnswerParts = 256;
/** Text of the answers to one question, in UTF-16 code units. Whose answer does not fit is silent. */
const maxHeldLength = 33_554_432;
/** Questions of this node that wait for answers. */
export const maxQuestions = 32;
/** Questions that this node is answering. Whoever asks more hears at once that there is no answer. */
const maxAnswering = 32;

type Ask = Notice & { readonly type: "ask" };
type Told = Notice & { readonly type: "told" };

/** A question of this node. */
interface Open {
  readonly waitingFor: Set<string>;
  /** Texts so far, in their order. Of a node that is not waited for there are none. */
  readonly parts: Map<string, string[]>;
  readonly answers: Map<string, Json>;
  heldLength: number;
  done(): void;
}

type Ports = Pick<NodePorts, "nodeId" | "broker" | "clock" | "ids" | "report" | "nodes"> & {
  readonly tally: Tally;
};

export class Questions {
  readonly #ports: Ports;
  readonly #answerers = new Map<string, Answerer>();
  readonly #open = new Map<string, Open>();
  #answering = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Says who answers a question here. */
  onQuestion(question: string, answerer: Answerer): void {
    this.#answerers.set(question, answerer);
  }

  async askAll(
    question: string,
    detail: Json | undefined,
    { timeoutMs }: AskOptions,
  ): Promise<FleetAnswers> {
    const { nodeId, nodes, broker, tally } = this.#ports;
    add(tally.questions, question);
    const ids = (await nodes?.())?.map(({ id }) => id) ?? [];
    const others = ids.filter((id) => id !== nodeId);
    const own = this.#answerOf(question, detail);
    const isHeard = broker.carries && broker.isConnected() && this.#open.size < maxQuestions;
    const [mine, theirs] = await Promise.all([
      own,
      isHeard && others.length > 0
        ? this.#ask(question, detail, others, timeoutMs)
        : new Map<string, Json>(),
    ]);
    if (mine !== undefined) theirs.set(nodeId, mine);
    const silent = [nodeId, ...others].filter((node) => !theirs.has(node));
    tally.silentNodes += silent.length;
    return {
      answers: [nodeId, ...others].flatMap((node) => {
        const answer = theirs.get(node);
        return answer === undefined ? [] : [{ node, answer }];
      }),
      silent,
    };
  }

  hear(notice: Notice): void {
    if (notice.type === "ask") void this.#answer(notice);
    else if (notice.type === "told") this.#told(notice);
  }

  /** Whoever waits gets what there is. */
  close(): void {
    for (const open of this.#open.values()) open.done();
  }

  async #ask(
    question: string,
    detail: Json | undefined,
    others: readonly string[],
    timeoutMs: number,
  ): Promise<Map<string, Json>> {
    const { nodeId: node, broker, clock, ids } = this.#ports;
    const id = ids.connection();
    const { promise, resolve } = Promise.withResolvers<void>();
    const open: Open = {
      waitingFor: new Set(others),
      parts: new Map(),
      answers: new Map(),
      heldLength: 0,
      done: resolve,
    };
    this.#open.set(id, open);
    const timer = clock.after(timeoutMs, resolve);
    broker.publish("control", {
      type: "ask",
      node,
      id,
      question,
      ...(detail === undefined ? {} : { detail }),
    });
    await promise;
    timer.cancel();
    this.#open.delete(id);
    return open.answers;
  }

  #told({ to, node, id, part, parts, text }: Told): void {
    const open = to === this.#ports.nodeId ? this.#open.get(id) : undefined;
    if (open === undefined || !open.waitingFor.has(node)) return;
    const texts = open.parts.get(node) ?? [];
    open.parts.set(node, texts);
    const isRepeated = part < texts.length;
    if (isRepeated) return;
    open.heldLength += text.length;
    const fits = part === texts.length && open.heldLength <= maxHeldLength;
    if (parts > 0 && fits) {
      texts.push(text);
      if (texts.length < parts) return;
      const answer = parsed(texts.join(""));
      if (answer !== undefined) open.answers.set(node, answer);
    }
    open.waitingFor.delete(node);
    open.parts.delete(node);
    if (open.waitingFor.size === 0) open.done();
  }

  async #answer({ node: to, id, question, detail }: Ask): Promise<void> {
    const answer =
      this.#answering < maxAnswering ? await this.#answerOf(question, detail) : undefined;
    const text = answer === undefined ? "" : JSON.stringify(answer);
    const parts = Math.ceil(text.length / answerPartLength);
    const { broker, nodeId: node } = this.#ports;
    const told = { type: "told", to, node, id } as const;
    if (parts === 0 || parts > maxAnswerParts) {
      broker.publish("control", { ...told, part: 0, parts: 0, text: "" });
      return;
    }
    for (let part = 0; part < parts; part += 1) {
      const from = part * answerPartLength;
      const piece = text.slice(from, from + answerPartLength);
      broker.publish("control", { ...told, part, parts, text: piece });
    }
  }

  /** @returns undefined where nobody here answers that, or it went wrong. */
  async #answerOf(question: string, detail: Json | undefined): Promise<Json | undefined> {
    const answerer = this.#answerers.get(question);
    if (answerer === undefined) return undefined;
    this.#answering += 1;
    try {
      return await answerer(detail);
    } catch (error) {
      this.#ports.report("warn", "question_failed", { question, error });
      return undefined;
    } finally {
      this.#answering -= 1;
    }
  }
}

/** A lone half of a pair at the end of a part is whole again with the next. */
function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
