/** A plug-in's answers as the port has them: within its time, or by its fallback. */
import type {
  Clock,
  Hook,
  Hooks,
  JoinQuestion,
  PublishAnswer,
  PublishQuestion,
  Report,
  Said,
} from "@parlance/core";
import type { Json, JsonObject } from "@parlance/protocol";
import { answerIn, jsonAnswer, userFacts, userIn } from "../answers.ts";
import { matchesRoom } from "../room-patterns.ts";
import { Circuit, type HookView, refusedBySilence } from "../silence.ts";
import type { PluginThread, ThreadQuestion } from "./plugin-thread.ts";

/** What one plug-in answers. `methods`: those of `rpc`. */
export interface PluginHooks extends Hooks {
  readonly methods: ReadonlySet<string>;
}

export function hooksOfPlugin(
  thread: PluginThread,
  ports: {
    readonly clock: Pick<Clock, "monotonic">;
    readonly report: Report;
    readonly watch?: (view: HookView) => void;
  },
): PluginHooks {
  const { manifest } = thread;
  const { name, fallback, hooks } = manifest;
  const isAbout = matchesRoom(manifest.rooms);
  const mayPass = fallback === "pass";
  const methods = new Set([
    ...manifest.methods,
    ...manifest.commands.map((command) => `${name}.${command.name}`),
  ]);
  const answers: Readonly<Record<ThreadQuestion["asked"], boolean>> = {
    connect: hooks.includes("connect"),
    join: hooks.includes("join"),
    publish: hooks.includes("publish") || manifest.messages.length > 0,
    rpc: methods.size > 0,
  };

  /** Asks within the time. `pass` is what silence means where it lets pass; absent: it always refuses. */
  function asker(hook: ThreadQuestion["asked"]) {
    const mayPause = mayPass && hook !== "rpc";
    const means = hook === "rpc" ? "refuse" : fallback;
    const { watch, ...rest } = ports;
    // What is never asked has no numbers.
    const watched = answers[hook] && watch !== undefined ? { watch } : {};
    const which = { hook: `${name}.${hook}`, fallback: means, mayPause };
    const circuit = new Circuit({ ...rest, ...watched, ...which });
    return <T>(question: ThreadQuestion, read: (value: unknown) => T, pass?: () => T): Promise<T> =>
      circuit.ask(
        async () => read(await thread.ask(question)),
        () => {
          if (pass === undefined || !mayPass) throw refusedBySilence();
          return pass();
        },
      );
  }

  const askConnect = asker("connect");
  const connect: NonNullable<Hooks["connect"]> = ({ token: _, ...question }) =>
    askConnect({ asked: "connect", question, refuses: "unauthenticated" }, userIn, () => undefined);

  const askJoin = asker("join");
  const join: Hook<JoinQuestion, void> = {
    concerns: ({ room }) => isAbout(room),
    ask: (asked) => {
      const { identity, dialect, room, kind } = asked;
      const question = { user: userFacts(asked), dialect, room, kind };
      return askJoin(
        { asked: "join", question, identity, refuses: "forbidden" },
        () => undefined,
        () => undefined,
      );
    },
  };

  const askPublish = asker("publish");
  const isHooked = ({ identity, room }: PublishQuestion): boolean =>
    hooks.includes("publish") && identity.scopes === undefined && isAbout(room);
  const isOurs = (data: JsonObject | undefined): boolean => {
    const type = data?.["type"];
    return typeof type === "string" && type.startsWith(`${name}.`);
  };
  const publish: Hook<PublishQuestion, PublishAnswer> = {
    concerns: (question) => isOurs(question.data) || isHooked(question),
    ask: (asked) => {
      const { identity, dialect, room, text, data, clientMessageId, edits, thread, reply_to } =
        asked;
      const said: Said = { text, ...(data === undefined ? {} : { data }) };
      const question = {
        user: userFacts(asked),
        dialect,
        room,
        ...(clientMessageId === undefined ? {} : { client_message_id: clientMessageId }),
        ...(edits === undefined ? {} : { edits }),
        ...(thread === undefined ? {} : { thread }),
        ...(reply_to === undefined ? {} : { reply_to }),
        ...said,
        is_hooked: isHooked(asked),
      };
      return askPublish<PublishAnswer>(
        { asked: "publish", question, identity, refuses: "rejected" },
        (value) => answerIn(value, said),
        // Of its own type nothing passes unchecked.
        isOurs(data) ? undefined : () => said,
      );
    },
  };

  const askRpc = asker("rpc");
  const rpc: NonNullable<Hooks["rpc"]> = (asked) => {
    const { identity, dialect, method, data } = asked;
    const question = { user: userFacts(asked), dialect, method, data };
    return askRpc<Json>({ asked: "rpc", question, identity, refuses: "rpc_failed" }, jsonAnswer);
  };

  return {
    methods,
    ...(answers.connect ? { connect } : {}),
    ...(answers.join ? { join } : {}),
    ...(answers.publish ? { publish } : {}),
    ...(answers.rpc ? { rpc } : {}),
  };
}
