/**
 * Runs one plug-in, in a thread of its own: what it throws, whenever it throws it, ends this thread at most, and what never
 * ends keeps nobody else waiting. The server starts the thread anew.
 */
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { Plugin, PluginHost } from "@parlance/plugin";
import { z } from "zod";
import { manifestOf } from "./manifest.ts";
import type { FromThread, Refused, ToThread } from "./messages.ts";

const port = parentPort ?? failToLoad();
const { path } = workerData as { readonly path: string };

/** Thrown by a plug-in that says no. */
class Refusal extends Error {
  readonly code: string | undefined;
  constructor(text: string, code: string | undefined) {
    super(text);
    this.code = code;
  }
}

/** What a command of the server was refused with. */
class CommandRefused extends Error {
  readonly error: Refused;
  constructor(error: Refused) {
    super(error.text);
    this.name = error.code;
    this.error = error;
  }
}

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}
const waiting = new Map<number, Waiting>();
let lastExecuted = 0;

function send(message: FromThread): void {
  port.postMessage(message);
}

/** Acts in the name of who asked `call`, or of the plug-in. */
function acting(call?: number): Pick<PluginHost, "execute" | "publish"> {
  const execute = (command: object): Promise<never> => {
    lastExecuted += 1;
    const id = lastExecuted;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      send({ type: "execute", id, command, ...(call === undefined ? {} : { call }) });
    });
  };
  return {
    execute,
    publish: (room, { key, ...said }) =>
      execute({
        type: "publish",
        room,
        ...said,
        ...(key === undefined ? {} : { client_message_id: key }),
      }),
  };
}

async function load(): Promise<Plugin> {
  const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const { plugin } = module;
  if (typeof plugin !== "function") throw new Error("it exports no function named plugin");
  const host: PluginHost = {
    z,
    refuse: (text, code) => new Refusal(text, code),
    log: (text) => send({ type: "says", text: String(text).slice(0, 1_024) }),
    ...acting(),
  };
  return (await (plugin as (host: PluginHost) => unknown)(host)) as Plugin;
}

/* The answer to a question, or undefined. */
async function answer(plugin: Plugin, { id, asked, question }: Question): Promise<unknown> {
  switch (asked) {
    case "connect":
      return plugin.connect?.(question as never);
    case "join":
      return plugin.join?.(question as never);
    case "publish": {
      const { data, is_hooked: isHooked, ...rest } = question;
      const given = { ...rest, ...(data === undefined ? {} : { data }) };
      const changed = isHooked === true ? await plugin.publish?.(given as never) : undefined;
      // What it makes of a message has to fit, too.
      const stored = changed?.data === undefined ? data : changed.data;
      check(plugin, stored);
      return changed;
    }
    case "rpc":
      return call(plugin, id, question);
  }
}

type Question = Extract<ToThread, { type: "ask" }> & {
  readonly question: Readonly<Record<string, unknown>>;
};

function check(plugin: Plugin, data: unknown): void {
  const type = (data as { readonly type?: unknown } | null | undefined)?.type;
  const [name, own] = typeof type === "string" ? split(type) : [];
  if (name !== plugin.name || own === undefined) return;
  const schema = Object.hasOwn(plugin.messages ?? {}, own) ? plugin.messages?.[own] : undefined;
  if (schema === undefined) throw badRequest("data.type", "no such message");
  parse(schema, data, "data");
}

function call(plugin: Plugin, id: number, question: Question["question"]): unknown {
  const { user, dialect, method, data } = question as never as {
    readonly user: never;
    readonly dialect: string;
    readonly method: string;
    readonly data: unknown;
  };
  const base = { user, dialect, method, ...acting(id) };
  const [name, own = ""] = split(method);
  const command =
    name === plugin.name && Object.hasOwn(plugin.commands ?? {}, own)
      ? plugin.commands?.[own]
      : undefined;
  if (command !== undefined) {
    return command.run({ ...base, data: parse(command.data, data, "data") });
  }
  return plugin.methods?.[method]?.({ ...base, data });
}

function split(type: string): readonly [string, string?] {
  const at = type.indexOf(".");
  return at === -1 ? [type] : [type.slice(0, at), type.slice(at + 1)];
}

function parse(schema: z.ZodType, value: unknown, field: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = [field, ...(issue?.path ?? []).map(String)].join(".");
  throw badRequest(path, issue?.message ?? "does not fit");
}

function badRequest(field: string, rule: string): CommandRefused {
  const text = "The request is not well formed.";
  return new CommandRefused({ code: "bad_request", text, details: { field, rule } });
}

async function ask(plugin: Plugin, question: Question): Promise<void> {
  const { id } = question;
  try {
    send({ type: "answer", id, value: await answer(plugin, question) });
  } catch (error) {
    if (error instanceof Refusal) {
      const { message: text, code } = error;
      send({ type: "refusal", id, text, ...(code === undefined ? {} : { code }) });
    } else if (error instanceof CommandRefused) send({ type: "error", id, error: error.error });
    else send({ type: "failure", id, reason: reasonOf(error) });
  }
}

/* `told` says that it has come so far, not that what it began is done. */
async function tell(plugin: Plugin, moment: string, facts: object): Promise<void> {
  try {
    const hear = plugin[moment as "connected"];
    let heard: unknown;
    try {
      heard = hear?.call(plugin, facts as never);
    } finally {
      send({ type: "told" });
    }
    await heard;
  } catch (error) {
    send({ type: "says", text: `${moment}: ${reasonOf(error)}` });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function failToLoad(): never {
  throw new Error("this file is for a thread of the server");
}

try {
  const plugin = await load();
  send({ type: "ready", manifest: manifestOf(plugin) });
  port.on("message", (message: ToThread) => {
    switch (message.type) {
      case "ask":
        void ask(plugin, message as Question);
        return;
      case "tell":
        void tell(plugin, message.moment, message.facts);
        return;
      case "executed":
      case "not_executed": {
        const asked = waiting.get(message.id);
        waiting.delete(message.id);
        if (message.type === "executed") asked?.resolve(message.reply);
        else asked?.reject(new CommandRefused(message.error));
        return;
      }
      case "ping":
        send({ type: "pong" });
        return;
      default:
        message satisfies never;
    }
  });
} catch (error) {
  send({ type: "not_ready", reason: reasonOf(error) });
}
