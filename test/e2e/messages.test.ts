import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { comeIn, openBrowser, say, type Window } from "./browser.ts";

const test = requires("chromium");

describe("messages in the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-messages-"));
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
    });
    await server.start();
    browser = await openBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function guest(name: string): Promise<{ token: string; id: string }> {
    const answer = await fetch(`${server.url}/api/v1/guests`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name }),
    });
    const { token, user } = (await answer.json()) as { token: string; user: { id: string } };
    return { token, id: user.id };
  }

  /** A room of its own, so that no test sees what another one wrote. */
  async function makeRoom(room: string): Promise<{ publish(text: string): Promise<void> }> {
    const { token } = await guest("Back end");
    const post = async (path: string, body: object): Promise<void> => {
      const answer = await fetch(`${server.url}/api/v1${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBeLessThan(300);
    };
    await post("/rooms", { kind: "public", title: room, room });
    return { publish: (text) => post(`/rooms/${room}/messages`, { text }) };
  }

  const both = async (room: string): Promise<readonly [Window, Window]> => [
    await comeIn(browser, `${server.url}/room/${room}`, "Ann"),
    await comeIn(browser, `${server.url}/room/${room}`, "Bob"),
  ];
  const closeAll = async (...windows: readonly Window[]): Promise<void> => {
    for (const { context, errors } of windows) {
      expect(errors).toEqual([]);
      await context.close();
    }
  };
  const message = (page: Page, text: string): Locator =>
    page.getByTestId("message").filter({ hasText: text });

  test("an own message is edited in its place by keyboard, and everybody sees it", async () => {
    await makeRoom("editing");
    const [ann, bob] = await both("editing");
    await say(ann.page, "Lunch at noone?");
    await message(bob.page, "Lunch at noone?").waitFor();
    const focused = ann.page.locator('[data-testid="message"]:focus');
    await ann.page.keyboard.press("ArrowUp");
    await ann.page.locator("[data-row]:focus").waitFor();
    // Where Bob came in late, a line of that stands behind it.
    if (!(await focused.isVisible())) await ann.page.keyboard.press("ArrowUp");
    await focused.waitFor();
    await ann.page.keyboard.press("e");
    const field = ann.page.getByRole("textbox", { name: "Edit" });
    await field.waitFor();
    expect(await field.inputValue()).toBe("Lunch at noone?");
    await field.fill("Lunch at noon?");
    await field.press("Enter");
    await message(bob.page, "Lunch at noon?").getByText("edited").waitFor();
    // Focus comes back to the message, and the way on is open.
    await focused.waitFor();
    await ann.page.keyboard.press("e");
    await field.fill("Never mind");
    await field.press("Escape");
    await message(ann.page, "Lunch at noon?").getByText("edited").waitFor();
    expect(await message(bob.page, "Never mind").count()).toBe(0);
    // Of others nothing can be edited.
    const other = message(bob.page, "Lunch at noon?");
    await other.focus();
    await bob.page.keyboard.press("e");
    expect(await bob.page.getByRole("textbox", { name: "Edit" }).count()).toBe(0);
    await closeAll(ann, bob);
  }, 60_000);

  test("a deletion can be taken back for a moment; then the text is gone for everybody", async () => {
    await makeRoom("deleting");
    const [ann, bob] = await both("deleting");
    await say(ann.page, "Said too much");
    await message(bob.page, "Said too much").waitFor();
    const own = message(ann.page, "Said too much");
    const remove = async (): Promise<void> => {
      await own.hover();
      await own.getByRole("button", { name: "More" }).click();
      await ann.page.getByRole("menuitem", { name: "Delete" }).click();
      await ann.page.getByTestId("undo").waitFor();
    };
    await remove();
    await ann.page.getByRole("button", { name: "Undo" }).click();
    await ann.page.getByTestId("undo").waitFor({ state: "detached" });
    await remove();
    await bob.page.getByText("This message was removed.").waitFor();
    expect(await message(bob.page, "Said too much").count()).toBe(0);
    await ann.page.getByText("This message was removed.").waitFor();
    await closeAll(ann, bob);
  }, 60_000);

  test("a reaction is put on by keyboard, counted for everybody and taken off by a click", async () => {
    await makeRoom("reacting");
    const [ann, bob] = await both("reacting");
    for (let line = 0; line < 25; line += 1) await say(ann.page, `Before it, ${line}`);
    await say(ann.page, "We have a release");
    await message(bob.page, "We have a release").waitFor();
    await message(bob.page, "We have a release").press("+");
    const picker = bob.page.getByRole("dialog", { name: "React" });
    await picker.waitFor();
    await bob.page.keyboard.press("ArrowRight");
    // What is written meanwhile moves the message; the picker goes along.
    for (let line = 0; line < 5; line += 1) await say(ann.page, `And more, ${line}`);
    await message(bob.page, "And more, 4").waitFor();
    expect(await picker.isVisible()).toBe(true);
    await bob.page.keyboard.press("Enter");
    const heart = (page: Page): Locator => page.getByTestId("reactions").getByText("❤️");
    await heart(bob.page).waitFor();
    await heart(ann.page).click();
    await ann.page.getByRole("button", { name: /^❤️, 2: you and Bob$/ }).waitFor();
    await bob.page.getByRole("button", { name: /^❤️, 2: you and Ann$/ }).waitFor();
    await heart(bob.page).click();
    await ann.page.getByRole("button", { name: /^❤️, 1: you$/ }).waitFor();
    await ann.page.reload();
    await ann.page.getByRole("button", { name: /^❤️, 1: you$/ }).waitFor();
    await closeAll(ann, bob);
  }, 60_000);

  test("an emoji is found by its name, by keyboard, for a text and for a reaction", async () => {
    await makeRoom("smiling");
    const [ann, bob] = await both("smiling");
    await ann.page.getByTestId("composer").fill("Off we go ");
    await ann.page.getByRole("button", { name: "Emoji" }).click();
    await ann.page.getByRole("combobox", { name: "Search emoji" }).fill("no such thing");
    await ann.page.getByText("No emoji of that name.").waitFor();
    await ann.page.getByRole("combobox", { name: "Search emoji" }).fill("rocket");
    await ann.page.getByRole("group", { name: "Found" }).getByTitle("rocket").waitFor();
    await ann.page.keyboard.press("Enter");
    await ann.page.getByRole("dialog").waitFor({ state: "detached" });
    await ann.page.getByTestId("composer").press("Enter");
    await message(bob.page, "Off we go 🚀").press("+");
    await bob.page.getByRole("dialog", { name: "React" }).waitFor();
    await bob.page.keyboard.type("otter");
    await bob.page.getByTitle("otter").waitFor();
    await bob.page.keyboard.press("Enter");
    await ann.page.getByTestId("reactions").getByText("🦦").waitFor();
    // Without a search, all of them are one step away.
    await bob.page.getByTestId("reactions").getByRole("button", { name: "React" }).click();
    await bob.page.getByRole("button", { name: "All emoji" }).click();
    await bob.page.getByRole("group", { name: "Flags" }).waitFor();
    await bob.page.keyboard.press("Escape");
    await closeAll(ann, bob);
  }, 60_000);

  test("[X1] [X2] Markdown becomes elements, and nothing else that was written does", async () => {
    await makeRoom("markdown");
    const [ann, bob] = await both("markdown");
    const { page } = bob;
    await say(
      ann.page,
      "**Bold**, `code`, ||a secret||, [here](https://example.org/a) and [there](javascript:alert(1))",
    );
    await page.locator(".markdown strong", { hasText: "Bold" }).waitFor();
    expect(
      await page.locator(".markdown a").evaluateAll((all) => all.map((a) => a.outerHTML)),
    ).toEqual([
      '<a href="https://example.org/a" title="https://example.org/a" target="_blank" rel="noopener noreferrer nofollow">here</a>',
    ]);
    await page.getByText("[there](javascript:alert(1))").waitFor();
    await page.getByRole("button", { name: "Show what is hidden here" }).click();
    await page.locator(".spoiler.open", { hasText: "a secret" }).waitFor();
    await say(ann.page, "```ts\nconst answer = 42; // <b>\n```");
    await page.locator(".code-keyword", { hasText: "const" }).waitFor();
    await say(ann.page, '| a | b |\n|---|---|\n| <img src=x onerror="window.owned=1"> | 2 |');
    await page.locator(".markdown td", { hasText: "onerror" }).waitFor();
    expect(await page.locator(".message img").count()).toBe(0);
    expect(await page.evaluate(() => "owned" in globalThis)).toBe(false);
    await closeAll(ann, bob);
  }, 60_000);

  test("files are attached, dropped and pasted, shown to everybody and saved byte for byte", async () => {
    await makeRoom("files");
    const [ann, bob] = await both("files");
    const content = Buffer.from(Array.from({ length: 150_000 }, (_, index) => index % 251));
    await ann.page
      .getByTestId("attach")
      .setInputFiles([
        { name: "numbers.bin", mimeType: "application/octet-stream", buffer: content },
      ]);
    const card = bob.page.getByTestId("file").filter({ hasText: "numbers.bin" });
    await card.getByText("150 kB").waitFor();
    const [download] = await Promise.all([
      bob.page.waitForEvent("download"),
      card.getByRole("button", { name: "Save numbers.bin" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("numbers.bin");
    expect(readFileSync(await download.path()).equals(content)).toBe(true);

    const give = (page: Page, type: "drop" | "paste", name: string): Promise<void> =>
      page.evaluate(
        ([kind, file]) => {
          const data = new DataTransfer();
          const bytes = Uint8Array.from(
            atob(
              "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
            ),
            (sign) => sign.charCodeAt(0),
          );
          data.items.add(new File([bytes], file ?? "", { type: "image/png" }));
          const target = document.querySelector(
            kind === "drop" ? ".history" : "[data-testid=composer]",
          );
          const event =
            kind === "drop"
              ? new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data })
              : new ClipboardEvent("paste", {
                  bubbles: true,
                  cancelable: true,
                  clipboardData: data,
                });
          target?.dispatchEvent(event);
        },
        [type, name] as const,
      );
    await give(ann.page, "drop", "dropped.png");
    await give(ann.page, "paste", "pasted.png");
    await bob.page.getByRole("img", { name: "dropped.png" }).waitFor();
    await bob.page.getByRole("img", { name: "pasted.png" }).waitFor();
    await closeAll(ann, bob);
  }, 60_000);

  test("a file that the server refuses says so, and can be given up", async () => {
    await makeRoom("large");
    const ann = await comeIn(browser, `${server.url}/room/large`, "Ann");
    // The protocol has no file without bytes.
    await ann.page
      .getByTestId("attach")
      .setInputFiles([{ name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) }]);
    const upload = ann.page.locator('[data-testid="upload"][data-state="failed"]');
    await upload.getByText(/^Not sent\./).waitFor();
    await upload.getByRole("button", { name: "Do not send empty.txt" }).click();
    await upload.waitFor({ state: "detached" });
    await closeAll(ann);
  }, 60_000);

  test("the address of a message leads far back to it, and the way forward to the newest", async () => {
    const { publish } = await makeRoom("far");
    for (let index = 1; index <= 420; index += 1) await publish(`Line ${index}`);
    const ann = await comeIn(browser, `${server.url}/room/far/60`, "Ann");
    const target = ann.page.locator('[data-sequence="60"]');
    await target.waitFor();
    await expect.poll(() => target.isVisible()).toBe(true);
    expect(new URL(ann.page.url()).pathname).toBe("/room/far");
    // What happens at the end does not move the reader.
    await publish("At the end");
    const place = async (): Promise<number | undefined> => (await target.boundingBox())?.y;
    const before = await place();
    await publish("And again");
    expect(await place()).toBe(before);
    // All the way down, page after page, until the newest is there.
    const scroller = ann.page.getByRole("log", { name: /^Conversation/ });
    await scroller.hover();
    await expect
      .poll(
        async () => {
          await ann.page.mouse.wheel(0, 4_000);
          return message(ann.page, "And again").count();
        },
        { timeout: 30_000, interval: 50 },
      )
      .toBe(1);
    await closeAll(ann);
  }, 90_000);
});
