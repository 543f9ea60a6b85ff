import type { Client, OwnPreferences } from "@parlance/client";
import { expect, test } from "vitest";
import type { Action } from "../state/actions.ts";
import { noPreferences } from "../state/preferences.ts";
import { createPreferences } from "./own-preferences.ts";

/** A server that answers when it is told to, in its order. */
function scene() {
  const shown: OwnPreferences[] = [];
  const answers: { resolve: (now: OwnPreferences) => void; reject: (error: Error) => void }[] = [];
  let hear: (change: object) => void = () => {};
  const client = {
    on: (_: string, listener: (change: object) => void) => {
      hear = listener;
      return () => {};
    },
    setPreferences: () =>
      new Promise<OwnPreferences>((resolve, reject) => answers.push({ resolve, reject })),
  } as unknown as Client;
  const dispatch = (action: Action): void => {
    if (action.type === "preferred") shown.push(action.preferences);
  };
  const acts = createPreferences(client, dispatch, () => noPreferences);
  return {
    acts,
    shown,
    answers,
    own: (preferences: OwnPreferences) => hear({ what: "preferences", preferences }),
  };
}

const garden = { id: "g", name: "Garden" };
const work = { id: "w", name: "Work" };

test("the answer to an earlier wish does not take a later one off the screen", async () => {
  const { acts, shown, answers, own } = scene();
  const first = acts.preferEverywhere({ sections: [garden, work] });
  const second = acts.preferEverywhere({ sections: [work, garden] });
  own({ sections: [garden, work] });
  answers[0]?.resolve({ sections: [garden, work] });
  await first;
  expect(shown.slice(1)).toEqual(shown.slice(1).map(() => ({ sections: [work, garden] })));
  answers[1]?.resolve({ sections: [work, garden] });
  await second;
  expect(shown.at(-1)).toEqual({ sections: [work, garden] });
});

test("what is refused goes back to what the server said last, and leaves other wishes", async () => {
  const { acts, shown, answers, own } = scene();
  own({ folded: ["rooms"] });
  const refused = acts.preferEverywhere({ sections: [garden] });
  const kept = acts.preferEverywhere({ folded: null });
  answers[0]?.reject(new Error("no"));
  await expect(refused).rejects.toThrow("no");
  expect(shown.at(-1)).toEqual({});
  answers[1]?.resolve({});
  await kept;
  expect(shown.at(-1)).toEqual({});
  expect(shown).toContainEqual({ folded: ["rooms"], sections: [garden] });
});
