/** What the elements say, in the language of the page around them. */
export interface Texts {
  readonly label: string;
  readonly waiting: string;
  readonly working: string;
  readonly done: string;
  readonly failed: string;
  readonly away: string;
  readonly absent: string;
  readonly refused: string;
  readonly incomplete: string;
}

const english: Texts = {
  label: "Progress",
  waiting: "Waiting to begin",
  working: "Working",
  done: "Done",
  failed: "It failed.",
  away: "No connection. This is how far it was; trying again.",
  absent: "This job is not there yet, or not open to you.",
  refused: "The server did not accept the sign-in.",
  incomplete: "It needs src, room and a token.",
};

const german: Texts = {
  label: "Fortschritt",
  waiting: "Wartet auf den Beginn",
  working: "In Arbeit",
  done: "Fertig",
  failed: "Es ist fehlgeschlagen.",
  away: "Keine Verbindung. So weit war es; neuer Versuch folgt.",
  absent: "Diese Aufgabe gibt es noch nicht, oder sie ist für Sie nicht offen.",
  refused: "Der Server hat die Anmeldung nicht angenommen.",
  incomplete: "Es braucht src, room und ein Token.",
};

/** @param language A tag such as `de-AT`; English where it is not known. */
export function textsFor(language: string): Texts {
  return language.toLowerCase().startsWith("de") ? german : english;
}
