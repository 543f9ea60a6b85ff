/** Hands clients' questions to the application. */
import type { Hooks } from "@parlance/core";
import { limits } from "@parlance/protocol";
import { jsonAnswer, refusalOf, userFacts } from "../answers.ts";
import { refusedBySilence } from "../silence.ts";
import { Application, type HttpHookOptions, jsonOf, mustBe, wordsOf } from "./application.ts";

/** `rpc` over HTTP. Silence is an error: nothing else could be answered. */
export function createRpcHook(options: HttpHookOptions): Required<Pick<Hooks, "rpc">> {
  const application = new Application(options, {
    hook: "rpc",
    fallback: "refuse",
    mayPause: false,
    maxAnswerBytes: limits.rpcAnswerBytes,
  });
  return {
    rpc: (question) =>
      application.ask({
        question: {
          type: "rpc",
          user: userFacts(question),
          dialect: question.dialect,
          method: question.method,
          ...(question.data === undefined ? {} : { data: question.data }),
        },
        read: (answer) => {
          if (answer.status === 204) return null;
          const words = answer.status === 200 ? undefined : wordsOf(answer);
          // An address that is wrong, or a fault of the web server, has no such words.
          if (words !== undefined) throw refusalOf("rpc_failed", words);
          mustBe(answer, 200);
          return jsonAnswer(jsonOf(answer));
        },
        silent: () => {
          throw refusedBySilence();
        },
      }),
  };
}
