/** Several who are asked, as one: each can only narrow what those before it left. */
import {
  type Hook,
  type Hooks,
  nobodyAnswers,
  type PublishAnswer,
  type PublishQuestion,
  type Said,
} from "@parlance/core";
import type { PluginHooks } from "./plugins/hooks.ts";

/**
 * The application over HTTP first, then the plug-ins in their order. `connect` is answered by the first who knows somebody;
 * a method by the plug-in that has it, else by the application.
 */
export function combineHooks(http: Hooks, plugins: readonly PluginHooks[]): Hooks {
  if (plugins.length === 0) return http;
  const all: readonly Hooks[] = [http, ...plugins];
  const connects = all.flatMap(({ connect }) => connect ?? []);
  const joins = all.flatMap(({ join }) => join ?? []);
  const publishes = all.flatMap(({ publish }) => publish ?? []);
  const isAsked = http.rpc !== undefined || plugins.some(({ rpc }) => rpc !== undefined);
  return {
    ...(connects.length === 0 ? {} : { connect: firstOf(connects) }),
    ...(joins.length === 0 ? {} : { join: allOf(joins) }),
    ...(publishes.length === 0 ? {} : { publish: chainOf(publishes) }),
    ...(isAsked ? { rpc: rpcOf(http, plugins) } : {}),
  };
}

type Connect = NonNullable<Hooks["connect"]>;

function firstOf(connects: readonly Connect[]): Connect {
  return async (handshake) => {
    for (const connect of connects) {
      const user = await connect(handshake);
      if (user !== undefined) return user;
    }
    return undefined;
  };
}

function allOf<Question>(hooks: readonly Hook<Question, void>[]): Hook<Question, void> {
  return {
    concerns: (question) => hooks.some((hook) => hook.concerns(question)),
    async ask(question) {
      for (const hook of hooks) if (hook.concerns(question)) await hook.ask(question);
    },
  };
}

/** Each is asked about what the one before made of it. */
function chainOf(
  hooks: readonly Hook<PublishQuestion, PublishAnswer>[],
): Hook<PublishQuestion, PublishAnswer> {
  return {
    concerns: (question) => hooks.some((hook) => hook.concerns(question)),
    async ask(question) {
      const { text, data, thread: _, reply_to: __, ...rest } = question;
      let said: Said = { text, ...(data === undefined ? {} : { data }) };
      let links: Links = {};
      for (const hook of hooks) {
        const next = { ...rest, ...said, ...linksOf(question, links) };
        if (!hook.concerns(next)) continue;
        const answer = await hook.ask(next);
        const { text: newText, data: newData, ...newLinks } = answer;
        if (newText !== said.text || newData !== said.data) {
          said = { text: newText, ...(newData === undefined ? {} : { data: newData }) };
        }
        links = { ...links, ...newLinks };
      }
      return { ...said, ...links };
    },
  };
}

/** What an answer says beside the text. */
type Links = Omit<PublishAnswer, keyof Said>;

/** The links that the next one is told: as they were sent, unless one before it said otherwise. */
function linksOf(
  question: PublishQuestion,
  { thread = question.thread, reply_to = question.reply_to }: Links,
): Pick<PublishQuestion, "thread" | "reply_to"> {
  return {
    ...(thread === undefined || thread === null ? {} : { thread }),
    ...(reply_to === undefined || reply_to === null ? {} : { reply_to }),
  };
}

function rpcOf(http: Hooks, plugins: readonly PluginHooks[]): NonNullable<Hooks["rpc"]> {
  return (question) => {
    const plugin = plugins.find(({ methods }) => methods.has(question.method));
    const answer = plugin?.rpc ?? http.rpc;
    return answer === undefined ? Promise.reject(nobodyAnswers()) : answer(question);
  };
}
