/** The views of the screenshot book, in the order in which somebody meets them. A new one is a row here. */
import type { Page } from "playwright-core";

/** One view. */
export interface View {
  /** Also the name of its file. */
  readonly name: string;
  /** What is to be seen, one sentence. */
  readonly text: string;
  /** Path of its address; the room `general` if absent. */
  readonly path?: string;
  /** Before anybody has signed in. */
  readonly isOutside?: true;
  /** Brings a page that shows the room to the view. Keys and test ids only: the texts are in any language. */
  show?(page: Page): Promise<void>;
}

/** By keyboard to the message that was said last; behind it are the lines of those who came. */
async function toMessage(page: Page): Promise<void> {
  // A draft of another picture is on all devices.
  await page.getByTestId("composer").fill("");
  await page.getByTestId("composer").press("ArrowUp");
  for (let step = 0; step < 12; step += 1) {
    await page.locator("[data-row]:focus").waitFor();
    if ((await page.locator('[data-testid="message"]:focus').count()) > 0) break;
    await page.keyboard.press("ArrowUp");
    await page.waitForTimeout(80);
  }
  await page.getByRole("toolbar").waitFor();
}

/** A key for the whole page, from outside of the composer. */
async function pressOutside(page: Page, keys: string): Promise<void> {
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  await page.keyboard.press(keys);
  await page.getByRole("dialog").waitFor();
}

/** Through the palette, by the place of the entry behind the rooms. */
async function runCommand(page: Page, id: string): Promise<void> {
  await pressOutside(page, "Control+k");
  const entry = page.locator(`[data-entry="command/${id}"]`);
  await entry.click();
}

/** All views. */
export const views: readonly View[] = [
  {
    name: "welcome",
    text: "The first page: what this is, and one field to come in.",
    isOutside: true,
  },
  {
    name: "room",
    text: "A room: who is here, what was said, and where one writes.",
  },
  {
    name: "message",
    text: "What can be done with a message, with the keys that do it.",
    show: async (page) => {
      await toMessage(page);
      await page.getByRole("toolbar").getByRole("button").last().click();
      await page.getByRole("menu").waitFor();
    },
  },
  {
    name: "reactions",
    text: "Reactions are picked from a small grid.",
    show: async (page) => {
      await toMessage(page);
      await page.keyboard.press("+");
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "thread",
    text: "A thread beside its room, with a field of its own.",
    show: async (page) => {
      await page.getByTestId("thread-line").first().click();
      await page.getByTestId("thread-list").waitFor();
    },
  },
  {
    name: "threads",
    text: "Threads that one follows, the one written in last first.",
    show: async (page) => {
      await page.getByTestId("thread-line").first().click();
      const follow = page.getByTestId("follow-thread");
      await follow.waitFor();
      // On the second picture it is followed already.
      if ((await follow.getAttribute("aria-pressed")) === "false") await follow.click();
      await follow.and(page.locator('[aria-pressed="true"]')).waitFor();
      await page.goto(page.url());
      await page.getByTestId("composer").waitFor();
      await pressOutside(page, "Alt+t");
      await page.getByTestId("listed-message").first().waitFor();
    },
  },
  {
    name: "mentions",
    text: "Where one was mentioned, in all rooms.",
    show: async (page) => {
      await pressOutside(page, "Alt+m");
      await page.getByTestId("listed-message").first().waitFor();
    },
  },
  {
    name: "answering",
    text: "What one is about to answer, and people to mention.",
    show: async (page) => {
      // On the second picture there is a draft already.
      await page.getByTestId("composer").fill("");
      await toMessage(page);
      await page.keyboard.press("r");
      await page.getByTestId("answer-bar").waitFor();
      await page.getByTestId("composer").pressSequentially("Thank you, @");
      await page.getByTestId("completion").first().waitFor();
    },
  },
  {
    name: "palette",
    text: "One field for rooms and for everything that can be done.",
    show: (page) => pressOutside(page, "Control+k"),
  },
  {
    name: "keys",
    text: "All keys, by the question mark.",
    show: (page) => pressOutside(page, "?"),
  },
  {
    name: "notifications",
    text: "What applications have to tell one person.",
    show: (page) => pressOutside(page, "Alt+n"),
  },
  {
    name: "new-room",
    text: "A room is made.",
    show: async (page) => {
      await runCommand(page, "create-room");
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "preferences",
    text: "Colours, contrast, density, language.",
    show: async (page) => {
      await runCommand(page, "preferences");
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "people",
    text: "Who is here: a column on wide screens, over the conversation on narrow ones.",
    show: async (page) => {
      await runCommand(page, "people");
      await page.getByTestId("person").first().waitFor();
    },
  },
  {
    name: "room-menu",
    text: "What can be done with a room.",
    show: async (page) => {
      await page.locator("main .room-menu").click();
      await page.getByRole("menu").waitFor();
    },
  },
  {
    name: "about-room",
    text: "What a room is about, and who may do what in it; its staff sets it here.",
    show: async (page) => {
      await runCommand(page, "room-settings");
      await page.locator("details.who-may summary").click();
    },
  },
  {
    name: "new-message",
    text: "A conversation begins by typing a name.",
    show: async (page) => {
      await runCommand(page, "new-message");
      await page.locator(".person-choice").first().waitFor();
    },
  },
  {
    name: "find-rooms",
    text: "Rooms that may be found: to join, or to ask to come in.",
    show: async (page) => {
      await runCommand(page, "find-rooms");
      await page.getByTestId("directory-entry").first().waitFor();
    },
  },
  {
    name: "sections",
    text: "The parts of one's own list of rooms.",
    show: async (page) => {
      await runCommand(page, "sections");
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "invite",
    text: "Where a link leads that lets people in, before one has signed in.",
    path: `/invite/${"x".repeat(32)}`,
    isOutside: true,
  },
  {
    name: "search",
    text: "Messages are found by word, person, room, kind and day.",
    show: async (page) => {
      await runCommand(page, "search");
      await page.locator("#search-field").fill("card");
      await page.getByTestId("hit").first().waitFor();
    },
  },
  {
    name: "search-operators",
    text: "Operators and their values complete themselves.",
    show: async (page) => {
      await runCommand(page, "search");
      await page.locator("#search-field").fill("from:");
      await page.getByRole("option").first().waitFor();
    },
  },
  {
    name: "files",
    text: "The files of a room.",
    show: async (page) => {
      await runCommand(page, "files");
      await page.getByTestId("file-item").first().waitFor();
    },
  },
  {
    name: "saved",
    text: "What one keeps for oneself.",
    show: async (page) => {
      await toMessage(page);
      // Somebody in another picture may have saved it already.
      const mark = page.locator(".kept-mark.saved");
      if ((await mark.count()) === 0) await page.keyboard.press("s");
      await mark.first().waitFor();
      await runCommand(page, "saved");
      await page.getByTestId("excerpt").first().waitFor();
    },
  },
  {
    name: "forward",
    text: "A message is forwarded to rooms and people.",
    show: async (page) => {
      await toMessage(page);
      await page.keyboard.press("f");
      await page.locator(".forward-list .room-item").first().waitFor();
    },
  },
  {
    name: "send-later",
    text: "A message may be sent later: at times that are offered, or at any other.",
    show: async (page) => {
      await page.getByTestId("composer").fill("Good morning, all. The new firmware is out.");
      await page.locator("button.later").click();
      await page.getByRole("menu").waitFor();
    },
  },
  {
    name: "scheduled",
    text: "What waits for its time can be changed, taken back or sent at once.",
    show: async (page) => {
      await page.getByTestId("composer").fill("Good morning, all. The new firmware is out.");
      await page.locator("button.later").click();
      await page.getByRole("menuitem").nth(1).click();
      await page.getByTestId("later-told").waitFor();
      await runCommand(page, "scheduled");
      await page.getByTestId("scheduled").first().waitFor();
    },
  },
  {
    name: "new-poll",
    text: "A room is asked in a poll, at once or later.",
    show: async (page) => {
      await runCommand(page, "poll");
      const fields = page.locator("dialog[open] input.input:not([type])");
      for (const [place, text] of ["Where do we meet on Friday?", "Kitchen", "Harbour"].entries()) {
        await fields.nth(place).fill(text);
      }
    },
  },
  {
    name: "commands",
    text: "What can be done with a slash, completed as one writes.",
    show: async (page) => {
      await page.getByTestId("composer").fill("");
      await page.getByTestId("composer").pressSequentially("/");
      await page.getByRole("option").first().waitFor();
    },
  },
  {
    name: "person",
    text: "Somebody's card: who they are, whether they are here, and ways to reach them.",
    show: async (page) => {
      // What the view before has left there is a draft on all devices.
      await page.getByTestId("composer").fill("");
      await page.locator(".message .person-name").first().click();
      await page.getByTestId("person-card").locator("[data-state]").first().waitFor();
    },
  },
  {
    name: "status",
    text: "What one is at, until when, and whether one may be disturbed.",
    show: async (page) => {
      await runCommand(page, "status");
      await page.locator("dialog input[name=availability]").first().waitFor();
    },
  },
  {
    name: "profile",
    text: "Who one is, as others may see it.",
    show: async (page) => {
      await runCommand(page, "profile");
      await page.locator("dialog select").waitFor();
    },
  },
  {
    name: "empty",
    text: "A room in which nobody has said anything.",
    path: "/room/quiet",
  },
  {
    name: "absent",
    text: "An address that leads nowhere makes nothing by itself.",
    path: "/room/nowhere-yet",
  },
  {
    name: "reconnecting",
    text: "The server is not there: one calm line, and what one writes waits.",
    show: async (page) => {
      await page.context().setOffline(true);
      await page.evaluate(() => window.dispatchEvent(new Event("offline")));
      await page.locator('[data-testid="connection"][data-state="waiting"]').waitFor({
        timeout: 60_000,
      });
      await say(page, "I write this all the same.");
    },
  },
  {
    name: "editing",
    text: "A message is edited in its place.",
    show: async (page) => {
      await say(page, "Shall we meet at noone?");
      await toMessage(page);
      await page.keyboard.press("e");
      await page.locator(".editor textarea").waitFor();
    },
  },
  {
    name: "versions",
    text: "What a message said before it was edited, with the words that changed.",
    show: async (page) => {
      await say(page, "Shall we meet at noone in the kitchen?");
      await toMessage(page);
      await page.keyboard.press("e");
      await page.locator(".editor textarea").fill("Shall we meet at noon at the harbour?");
      await page.locator(".editor textarea").press("Enter");
      await page.locator("button.edited").last().click();
      await page.getByTestId("versions").locator("ins").first().waitFor();
    },
  },
  {
    name: "document",
    text: "A document that several people write in at once.",
    show: async (page) => {
      await makeDocument(page);
    },
  },
  {
    name: "document-history",
    text: "What a document said before: a slider over its versions, and names for them.",
    show: async (page) => {
      await makeDocument(page);
      const history = page.locator(".document-history");
      await history.getByRole("button").first().click();
      await page.locator(".document-versions").waitFor();
      const slider = history.getByRole("slider");
      // On the second picture there is a version already.
      if ((await slider.count()) === 0) {
        await history.locator(".document-name input").fill("Before the weather report");
        await history.locator(".document-name button").click();
        await slider.waitFor();
        await page.locator(".document-text").press("Control+End");
        await page.locator(".document-text").pressSequentially("\n- an umbrella");
      }
      await slider.press("Home");
      await page.locator(".document-text.past").waitFor();
    },
  },
  {
    name: "deleting",
    text: "A deletion can be taken back for a moment.",
    show: async (page) => {
      await say(page, "This goes into the wrong room.");
      await toMessage(page);
      await page.keyboard.press("Delete");
      await page.getByTestId("undo").waitFor();
    },
  },
];

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
  await page.getByTestId("message").filter({ hasText: text }).first().waitFor();
}

/** The reader's own; one for all pictures. */
async function makeDocument(page: Page): Promise<void> {
  const known = page.locator("[data-room]").filter({ hasText: "Packing list" }).first();
  if ((await known.count()) > 0) {
    const id = await known.getAttribute("data-room");
    await page.goto(new URL(`/room/${id}`, page.url()).href);
    await page.locator('[data-testid="document"][data-state="ready"]').waitFor();
    return;
  }
  await runCommand(page, "create-room");
  const dialog = page.locator("dialog[open]");
  await dialog.locator("input.input").first().fill("Packing list");
  await dialog.locator('input[type=radio][value="document"]').check();
  await dialog.locator("button[type=submit]").click();
  await page.locator('[data-testid="document"][data-state="ready"]').waitFor();
  await page
    .locator(".document-text")
    .fill(
      "For Saturday, at the harbour:\n- the tent\n- two lamps\n- bread, and something to drink",
    );
}
