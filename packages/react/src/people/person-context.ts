/** How a page shows who somebody is. Where nothing is given names are plain text. */
import { createContext, useContext, useSyncExternalStore } from "react";
import { ChatContext } from "../chat/context.ts";
import type { KnownPerson } from "../state/people.ts";

/** Shows somebody's card. */
export type OpenPerson = (user: string) => void;
export const PersonContext = createContext<OpenPerson | undefined>(undefined);

const neverChanges = (): (() => void) => () => undefined;

/** What is known of somebody; undefined of those of whom nothing was told. Also without a chat above. */
export function usePerson(id: string): KnownPerson | undefined {
  const chat = useContext(ChatContext);
  return useSyncExternalStore(chat?.subscribe ?? neverChanges, () => chat?.get().people[id]);
}

/** The address of a picture, where the page has one for it. */
export function usePictureUrl(picture: string | undefined): string | undefined {
  const chat = useContext(ChatContext);
  return picture === undefined ? undefined : chat?.pictureUrl?.(picture);
}
