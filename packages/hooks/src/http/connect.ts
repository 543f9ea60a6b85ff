/**
 * Asks the application whose connection this is: one signed HTTP request with what the handshake brought, so that the
 * application's own login counts. `docs/operations/hooks.md` tells how to answer it.
 */
import type { Hooks } from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";
import { userIn } from "../answers.ts";
import { refusedBySilence } from "../silence.ts";
import { Application, type HttpHookOptions, jsonOf, mustBe } from "./application.ts";

export interface ConnectHookOptions extends HttpHookOptions {
  /** What silence, a failure and nonsense mean: nobody comes in, or another way is tried. */
  readonly fallback: "refuse" | "continue";
}

/** Bytes of an answer that are read; an id and a name are short. */
const maxAnswerBytes = 16_384;

/** `connect` over HTTP. */
export function createConnectHook(options: ConnectHookOptions): Required<Pick<Hooks, "connect">> {
  const { fallback } = options;
  const mayPause = fallback === "continue";
  const application = new Application(options, {
    hook: "connect",
    fallback,
    mayPause,
    maxAnswerBytes,
  });
  return {
    connect: ({ token: _, ...facts }) =>
      application.ask({
        question: { type: "connect", ...facts },
        read: (answer) => {
          const { status } = answer;
          if (status === 401 || status === 403) throw new ProtocolError("unauthenticated");
          if (status === 204) return undefined;
          mustBe(answer, 200);
          return userIn(jsonOf(answer));
        },
        silent: () => {
          if (mayPause) return undefined;
          throw refusedBySilence();
        },
      }),
  };
}
