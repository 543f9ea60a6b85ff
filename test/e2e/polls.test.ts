/** Polls, slash commands, and what only one person sees, in the web app. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { accessProblems } from "./axe.ts";
import { comeIn, openBrowser, say, type Window } from "./browser.ts";
import { parlance } from "./command-line.ts";

const test = requires("chromium");
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

describe("polls and commands in the web app", () => {
  let browser: Browser;
  let server: ServerProcess;
  let application: Server;
  let directory: string;
  let key: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "parlance-polls-"));
    application = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { data } = JSON.parse(Buffer.concat(chunks).toString()) as {
          readonly data: { readonly text: string };
        };
        const isKnown = data.text !== "Atlantis";
        response.writeHead(isKnown ? 200 : 422, { "content-type": "application/json" });
        const said = { text: `It rains in ${data.text}.`, only_you: "Take an umbrella." };
        response.end(JSON.stringify(isKnown ? said : { text: "No such city." }));
      });
    });
    await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
    const { port } = application.address() as AddressInfo;
    server = new ServerProcess(await freePort(), directory, {
      PARLANCE_COMMANDS_PER_SECOND: "0",
      PARLANCE_SIGN_INS_PER_MINUTE: "0",
      PARLANCE_RPC_HOOK_URL: `http://127.0.0.1:${port}/`,
    });
    await server.start();
    key = await serviceKey();
    await send("PUT", "/commands/rain", { description: "Tells when it rains", usage: "<city>" });
    browser = await openBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    application?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** As an operator makes one, on the server's machine. */
  async function serviceKey(): Promise<string> {
    const words = ["key", "create", "--name", "weather", "--scope", "publish"];
    const { out, err } = await parlance(words, {
      PARLANCE_PORT: String(server.port),
      PARLANCE_DATA_DIR: directory,
    });
    if (out === "") throw new Error(err);
    return out.trim();
  }

  async function send(method: string, path: string, body: object): Promise<void> {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBeLessThan(300);
  }

  const both = async (room: string): Promise<readonly [Window, Window]> => {
    await send("POST", `/rooms/${room}/messages`, { text: `This is ${room}` });
    return [
      await comeIn(browser, `${server.url}/room/${room}`, "Ann"),
      await comeIn(browser, `${server.url}/room/${room}`, "Bob", phone),
    ];
  };
  const closeAll = async (...windows: readonly Window[]): Promise<void> => {
    for (const { context, errors } of windows) {
      expect(errors).toEqual([]);
      await context.close();
    }
  };
  const option = (page: Page, name: string): Locator =>
    page.getByTestId("poll").getByRole("button", { name });
  const pressed = (page: Page, name: string, votes: string): Locator =>
    page.getByRole("button", { name: `${name} ${votes}`, pressed: true });

  test("a poll is asked by keyboard, voted in on a phone, counted for everybody, and ended", async () => {
    const [ann, bob] = await both("tea");
    await ann.page.getByTestId("composer").fill("/poll");
    await ann.page.getByTestId("composer").press("Enter");
    const dialog = ann.page.getByRole("dialog", { name: "New poll" });
    await dialog.getByLabel("Question").fill("Tea?");
    await dialog.getByRole("textbox", { name: "Choice 1" }).fill("yes");
    await dialog.getByRole("textbox", { name: "Choice 2" }).fill("yes");
    await dialog.getByRole("textbox", { name: "Choice 2" }).press("Enter");
    await dialog.getByRole("alert").waitFor();
    await dialog.getByRole("textbox", { name: "Choice 2" }).fill("no");
    expect(await accessProblems(ann.page)).toEqual([]);
    await dialog.getByRole("textbox", { name: "Choice 2" }).press("Enter");
    await dialog.waitFor({ state: "detached" });
    expect(await ann.page.getByTestId("composer").inputValue()).toBe("");
    await option(bob.page, "yes").tap();
    await pressed(bob.page, "yes", "1 vote").waitFor();
    await option(ann.page, "yes 1 vote").waitFor();
    // One choice: another one is instead of it.
    await option(bob.page, "no").tap();
    await pressed(bob.page, "no", "1 vote").waitFor();
    await option(ann.page, "yes 0 votes").waitFor();
    await option(ann.page, "no").focus();
    await ann.page.keyboard.press("Space");
    await pressed(ann.page, "no", "2 votes").waitFor();
    await ann.page.getByText("2 have voted").waitFor();
    for (const { page } of [ann, bob]) expect(await accessProblems(page)).toEqual([]);
    // A vote is there after a reload, and can be taken back.
    await bob.page.reload();
    await pressed(bob.page, "no", "2 votes").waitFor();
    await option(bob.page, "no").tap();
    await option(ann.page, "no 1 vote").waitFor();
    expect(await bob.page.getByRole("button", { name: "End the poll" }).count()).toBe(0);
    await ann.page.getByRole("button", { name: "End the poll" }).click();
    for (const { page } of [ann, bob]) {
      await page.locator('[data-testid="poll"][data-state="closed"]').waitFor();
    }
    await closeAll(ann, bob);
  }, 90_000);

  test("an anonymous poll with several choices keeps one's own choice over a reload, and nobody else's", async () => {
    const [ann, bob] = await both("cake");
    await ann.page.getByRole("button", { name: "New poll" }).click();
    const dialog = ann.page.getByRole("dialog", { name: "New poll" });
    await dialog.getByLabel("Question").fill("Which cake?");
    await dialog.getByRole("textbox", { name: "Choice 1" }).fill("apple");
    await dialog.getByRole("textbox", { name: "Choice 2" }).fill("plum");
    await dialog.getByRole("button", { name: "Add a choice" }).click();
    await dialog.getByRole("textbox", { name: "Choice 3" }).fill("cherry");
    await dialog.getByLabel("Several choices allowed").check();
    await dialog.getByLabel("Nobody sees who chose what").check();
    await dialog.getByRole("button", { name: "Ask" }).click();
    for (const name of ["apple", "cherry"]) {
      await option(bob.page, name).tap();
      await pressed(bob.page, name, "1 vote").waitFor();
    }
    await option(ann.page, "cherry 1 vote").waitFor();
    await bob.page.reload();
    for (const name of ["apple", "cherry"]) await pressed(bob.page, name, "1 vote").waitFor();
    expect(await ann.page.locator('.poll-option[aria-pressed="true"]').count()).toBe(0);
    expect(await ann.page.getByTestId("poll").innerHTML()).not.toContain("Bob");
    await closeAll(ann, bob);
  }, 60_000);

  test("a command of an application is completed by keyboard, answered to all and to one alone", async () => {
    const [ann, bob] = await both("weather");
    const field = ann.page.getByTestId("composer");
    await field.fill("/r");
    await ann.page.getByRole("option", { name: "/rain" }).waitFor();
    expect(await accessProblems(ann.page)).toEqual([]);
    await field.press("Tab");
    expect(await field.inputValue()).toBe("/rain ");
    await field.pressSequentially("Ulm");
    await field.press("Enter");
    const message = (page: Page): Locator =>
      page.getByTestId("message").filter({ hasText: "It rains in Ulm." });
    await message(bob.page).waitFor();
    await message(ann.page).waitFor();
    const note = ann.page.getByTestId("only-you").filter({ hasText: "Take an umbrella." });
    await note.getByText("Only you can see this").waitFor();
    expect(await field.inputValue()).toBe("");
    expect(await accessProblems(ann.page)).toEqual([]);
    expect(await bob.page.getByText("umbrella").count()).toBe(0);
    // The application's refusal, in its words; the text stays.
    await field.fill("/rain Atlantis");
    await field.press("Enter");
    await ann.page.getByTestId("slash-problem").getByText("No such city.").waitFor();
    expect(await field.inputValue()).toBe("/rain Atlantis");
    await ann.page.reload();
    await message(ann.page).waitFor();
    expect(await ann.page.getByText("umbrella").count()).toBe(0);
    await closeAll(ann, bob);
  }, 60_000);

  test("commands of one's own are completed, done, and refused in words", async () => {
    const [ann, bob] = await both("archiving");
    const field = ann.page.getByTestId("composer");
    await field.fill("/st");
    await ann.page.getByRole("option", { name: "/status" }).waitFor();
    await field.press("Tab");
    await field.pressSequentially("x".repeat(65));
    await field.press("Enter");
    const problem = (page: Page): Locator => page.getByTestId("slash-problem");
    await problem(ann.page).getByText("A status has at most 64 characters.").waitFor();
    await field.fill("/archive");
    await field.press("Enter");
    await problem(ann.page).getByText("/archive: ").waitFor();
    expect(await field.inputValue()).toBe("/archive");
    await bob.page.getByTestId("composer").waitFor();
    await closeAll(ann, bob);
  }, 60_000);

  test("what a back end tells one person shows on their screen, and can be dismissed", async () => {
    const [ann, bob] = await both("desk");
    const me = await ann.page.evaluate(async () => {
      for (const stored of Object.values(localStorage)) {
        const found = /"token":"([^"]+)"/.exec(stored as string)?.[1];
        if (found === undefined) continue;
        const headers = { authorization: `Bearer ${found}` };
        const { user } = (await (await fetch("/api/v1/me", { headers })).json()) as {
          user: { id: string };
        };
        return user.id;
      }
      return "";
    });
    await send("POST", "/rooms/desk/only-you", { user: me, text: "Your **parcel** is here." });
    const note = ann.page.getByTestId("only-you");
    await note.getByText("parcel").waitFor();
    await say(bob.page, "Hello");
    await ann.page.getByTestId("message").filter({ hasText: "Hello" }).waitFor();
    expect(await bob.page.getByTestId("only-you").count()).toBe(0);
    await note.getByRole("button", { name: "Dismiss" }).click();
    await note.waitFor({ state: "detached" });
    await closeAll(ann, bob);
  }, 60_000);

  test("commands of the page act; one that is unknown keeps its text, and two slashes send one", async () => {
    const [ann, bob] = await both("built-in");
    const give = async (text: string): Promise<void> => {
      await ann.page.getByTestId("composer").fill(text);
      await ann.page.getByTestId("composer").press("Enter");
    };
    const field = ann.page.getByTestId("composer");
    await give("/nonsense at all");
    await ann.page.getByTestId("slash-problem").getByText("/nonsense").waitFor();
    expect(await field.inputValue()).toBe("/nonsense at all");
    await give("//nonsense at all");
    await bob.page
      .getByTestId("message")
      .filter({ hasText: /^.*\/nonsense at all/ })
      .waitFor();
    await give("/me waves");
    await bob.page.getByTestId("message").getByText("waves").waitFor();
    await give("/help ");
    await ann.page.getByTestId("only-you").getByText("Sets the topic of the room").waitFor();
    await give("/me");
    await ann.page.getByTestId("slash-problem").getByText("<text>").waitFor();
    await give("/leave ");
    await ann.page.getByRole("button", { name: "Join" }).first().waitFor();
    await closeAll(ann, bob);
  }, 60_000);

  test("[I-15] a private room that is read from one's joining on shows nothing from before", async () => {
    const [ann, bob] = await both("hall");
    await ann.page.getByTestId("composer").waitFor();
    const as = async <T>(page: Page, path: string, body: object, method = "POST"): Promise<T> =>
      page.evaluate(
        async ([to, content, how]) => {
          const stored = Object.values(localStorage).join(" ");
          const token = /"token":"([^"]+)"/.exec(stored)?.[1] ?? "";
          const answer = await fetch(`/api/v1${to}`, {
            method: how,
            headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
            ...(how === "GET" ? {} : { body: JSON.stringify(content) }),
          });
          return (await answer.json()) as T;
        },
        [path, body, method] as const,
      );
    const wanted = { kind: "private", title: "Council" };
    const { room } = await as<{ room: string }>(ann.page, "/rooms", wanted);
    await as(ann.page, `/rooms/${room}/messages`, { text: "Before" });
    await ann.page.goto(`${server.url}/room/${room}`);
    await ann.page.getByText("Before").waitFor();
    await as(ann.page, `/rooms/${room}`, { history: "since_joined" }, "PATCH");
    const { user } = await as<{ user: { id: string } }>(bob.page, "/me", {}, "GET");
    await as(ann.page, `/rooms/${room}/members/${user.id}`, {}, "PUT");
    await say(ann.page, "Since");
    await bob.page.goto(`${server.url}/room/${room}`);
    await bob.page.getByTestId("message").filter({ hasText: "Since" }).waitFor();
    await bob.page.getByText("You read Council from when you joined.").waitFor();
    expect(await bob.page.getByText("Before", { exact: true }).count()).toBe(0);
    // For its owner it begins where it began.
    await ann.page.reload();
    await ann.page.getByText("Before", { exact: true }).waitFor();
    await closeAll(ann, bob);
  }, 60_000);
});
