/** What a search may go on with: operators, people, rooms, kinds, days. */
import type { IconName } from "@parlance/react";
import type { TFunction } from "i18next";
import type { TextKey } from "../i18n/index.ts";
import { dayOf, type Names, type Operator, operators, type Writing, written } from "./query.ts";

/** Shown at once; further letters narrow the rest. */
const shownMost = 8;

/** One way to go on. */
export interface Suggestion {
  readonly key: string;
  readonly icon: IconName;
  readonly text: string;
  readonly note: string | undefined;
  /** What takes the place of what is being written. */
  readonly piece: string;
}

const icons: Readonly<Record<Operator, IconName>> = {
  from: "people",
  in: "hash",
  has: "attach",
  before: "calendar",
  after: "calendar",
};
const explained: Readonly<Record<Operator, TextKey>> = {
  from: "searchFrom",
  in: "searchIn",
  has: "searchHas",
  before: "searchBefore",
  after: "searchAfter",
};
const kinds: readonly (readonly [string, TextKey])[] = [
  ["link", "searchLink"],
  ["file", "searchFile"],
  ["code", "searchCode"],
  ["reaction", "searchReaction"],
];

/** All ways to go on from what is being written; the operators themselves where nothing is. */
export function suggestionsFor(
  writing: Writing,
  names: Names,
  now: Date,
  t: TFunction,
): readonly Suggestion[] {
  const { operator, begun } = writing;
  const wanted = begun.toLocaleLowerCase();
  if (operator === undefined) {
    return operators
      .filter((name) => name.startsWith(wanted) && name !== wanted)
      .map((name) => ({
        key: name,
        icon: icons[name],
        text: `${name}:`,
        note: t(explained[name]),
        piece: `${name}:`,
      }));
  }
  return valuesOf(operator, names, now, t)
    .filter(([value, text]) => `${value} ${text}`.toLocaleLowerCase().includes(wanted))
    .slice(0, shownMost)
    .map(([value, text]) => ({
      key: `${operator}:${value}/${text}`,
      icon: icons[operator],
      text,
      note: value === text ? undefined : value,
      piece: written(operator, value),
    }));
}

function valuesOf(
  operator: Operator,
  { people, rooms }: Names,
  now: Date,
  t: TFunction,
): readonly (readonly [string, string])[] {
  const ago = (days: number): string =>
    dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - days));
  switch (operator) {
    case "from":
      return [["me", t("searchMe")], ...named(people)];
    case "in":
      return named(rooms);
    case "has":
      return kinds.map(([value, text]) => [value, t(text)]);
    case "before":
    case "after":
      return [
        [ago(0), t("today")],
        [ago(1), t("yesterday")],
        [ago(7), t("searchWeek")],
        [ago(30), t("searchMonth")],
      ];
    default:
      return operator satisfies never;
  }
}

/** Several of one name are searched for together, so the name stands there once. */
function named(all: Names["people"]): readonly (readonly [string, string])[] {
  return [...new Set(all.map(({ name }) => name))].map((name) => [name, name]);
}
