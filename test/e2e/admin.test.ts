/** `/admin` in a browser, of a fleet of two nodes. */
import { Cluster, type ClusterNode, signToken } from "@parlance/testkit/cluster";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { openBrowser } from "./browser.ts";
import { Line } from "./dialects/line.ts";
import { faintTexts } from "./page-checks.ts";

const test = requires("chromium", "redis", "postgresql");
const timeoutMs = 120_000;
const account = { username: "chief", password: "a good long password" };

let cluster: Cluster;
let nodes: readonly ClusterNode[];
let browser: Browser;
const lines: Line[] = [];

function operatorToken(): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub: "service:ops", scope: "admin", iat: now, exp: now + 3_600 };
  return signToken(claims, cluster.secret);
}

async function asOperator(method: string, path: string, body?: unknown): Promise<string> {
  const answer = await fetch(`${nodes[0]?.url}/api/v1/admin${path}`, {
    method,
    headers: {
      authorization: `Bearer ${operatorToken()}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
  return answer.text();
}

/** Signs in on the page of the first node. */
async function signIn(page: Page): Promise<void> {
  const address = nodes[0]?.url ?? "";
  const signedIn = await fetch(`${address}/api/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(account),
  });
  const session = await signedIn.text();
  await page.addInitScript((kept) => localStorage.setItem("parlance.session", kept), session);
}

/** A page that tells what its console calls an error. */
async function open(options: Parameters<Browser["newContext"]>[0] = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return { context, page, errors };
}

const figure = (page: Page, name: string) =>
  page.getByTestId(`figure-${name}`).locator("strong").textContent();

describe("the admin page", () => {
  beforeAll(async () => {
    cluster = await Cluster.start({
      engine: "postgresql",
      broker: "redis",
      nodes: 2,
      environment: { PARLANCE_METRICS_LISTEN: "0" },
    });
    nodes = cluster.nodes;
    browser = await openBrowser();
    await asOperator("POST", "/users", account);
    for (const [index, user] of ["ann", "ben", "cid"].entries()) {
      const node = nodes[index % 2];
      if (node === undefined) throw new Error("two nodes");
      const line = await Line.open(node.socketUrl);
      lines.push(line);
      line.send({ type: "sign_in", id: 1, token: cluster.token(user) });
      await line.until({ type: "reply", id: 1 });
      line.send({ type: "subscribe", id: 2, room: "general" });
      await line.until({ type: "reply", id: 2 });
    }
    const talk = setInterval(() => {
      for (const [index, line] of lines.entries()) {
        const key = `m-${index}-${Date.now()}`;
        line.send({ type: "publish", id: 3, room: "general", client_message_id: key, text: "hi" });
      }
    }, 400);
    talk.unref();
  }, timeoutMs);

  afterAll(async () => {
    for (const line of lines) line.cut();
    await browser?.close();
    await cluster?.remove();
  }, timeoutMs);

  test(
    "[AD1] [AD5] opens for nobody else, shows nothing meanwhile, and is in no frame",
    async () => {
      const { context, page } = await open();
      const address = `${nodes[0]?.url}/admin`;
      const answer = await page.goto(address);
      expect(answer?.headers()["content-security-policy"]).toContain("frame-ancestors 'none'");
      await page.getByRole("heading", { name: "For administrators" }).waitFor();
      expect(await page.getByRole("table").count()).toBe(0);
      await signIn(page);
      await page.goto(address);
      await page.getByText("This account is no administrator.").waitFor();
      expect(await page.getByRole("table").count()).toBe(0);
      await context.close();
    },
    timeoutMs,
  );

  test(
    "[MMB-30] shows both nodes, rooms, connections, doors and the last hour, live, and is left within seconds of a demotion",
    async () => {
      await asOperator("PUT", "/users/chief/admin");
      const { context, page, errors } = await open();
      await signIn(page);
      await page.goto(`${nodes[0]?.url}/admin`);
      await page.getByTestId("figure-connections").waitFor();
      await expect.poll(() => figure(page, "connections"), { timeout: 20_000 }).toBe("3");
      expect(await figure(page, "present")).toBe("3");
      const table = (name: string) => page.getByRole("region", { name });
      expect(await table("Nodes").getByRole("row").count()).toBe(3);
      await table("Open rooms").getByText("general", { exact: false }).first().waitFor();
      await table("Doors of back ends").getByText("spool").waitFor();

      // Sorted by headings, by keys too; filtered by typing.
      const people = table("Connections");
      await people.getByRole("button", { name: "User" }).focus();
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      expect(await people.getByRole("row").nth(1).textContent()).toContain("cid");
      await people.getByRole("searchbox").fill("ben nat");
      await expect.poll(() => people.getByRole("row").count(), { timeout: 20_000 }).toBe(2);
      expect(await people.getByRole("row").nth(1).textContent()).toContain("ben");

      // Live: one goes.
      lines.pop()?.cut();
      await expect.poll(() => figure(page, "connections"), { timeout: 20_000 }).toBe("2");

      // The charts have a line for each node, and keys move the crosshair.
      const chart = page.getByTestId("chart").filter({ hasText: "Events committed" });
      await chart.locator("svg").waitFor({ timeout: 45_000 });
      await expect
        .poll(() => chart.locator("path.series[d*=M]").count(), { timeout: 45_000 })
        .toBe(2);
      await chart.locator("svg").focus();
      await page.keyboard.press("ArrowLeft");
      await chart.locator(".crosshair").waitFor({ state: "attached" });
      await page.keyboard.press("Escape");
      expect(await chart.locator(".crosshair").count()).toBe(0);

      expect(errors).toEqual([]);
      await asOperator("DELETE", "/users/chief/admin");
      await page.getByText("This account is no administrator.").waitFor({ timeout: 15_000 });
      expect(await page.getByRole("table").count()).toBe(0);
      await context.close();
    },
    timeoutMs,
  );

  test(
    "[MMB-30] takes a pasted token, fits a phone, is dark where the reader is, and is read from right to left",
    async () => {
      const shop = { name: "shop", url: "http://127.0.0.1:1/", rooms: ["nowhere"] };
      const { webhook } = JSON.parse(await asOperator("POST", "/webhooks", shop)) as {
        readonly webhook: { readonly id: string };
      };
      await asOperator("POST", `/webhooks/${webhook.id}/pause`);
      for (const [name, options] of [
        ["admin-phone", { viewport: { width: 390, height: 844 } }],
        ["admin-dark", { colorScheme: "dark" }],
        ["admin", {}],
      ] as const) {
        const { context, page, errors } = await open(options);
        await page.goto(`${nodes[0]?.url}/admin`);
        await page.getByLabel("Token or key").fill(operatorToken());
        await page.keyboard.press("Enter");
        await page.getByTestId("figure-connections").waitFor();
        await page.locator("path.series").first().waitFor({ state: "attached" });
        const needs = page.getByRole("status").getByText("Webhook paused");
        await needs.waitFor({ timeout: 30_000 });
        expect(await page.getByRole("region", { name: "Webhooks" }).textContent()).toContain(
          "shop",
        );
        expect([name, await faintTexts(page)]).toEqual([name, []]);
        const isWider = () =>
          page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
        expect([name, await isWider()]).toEqual([name, false]);
        await page.evaluate(() => {
          document.documentElement.dir = "rtl";
        });
        expect([name, await isWider()]).toEqual([name, false]);
        // Reloading asks for nothing again; forgetting does.
        await page.reload();
        await page.getByTestId("figure-connections").waitFor();
        await page.getByRole("button", { name: "Forget the token" }).click();
        await page.getByRole("heading", { name: "For administrators" }).waitFor();
        expect([name, errors]).toEqual([name, []]);
        await context.close();
      }
      await asOperator("DELETE", `/webhooks/${webhook.id}`);
    },
    timeoutMs,
  );

  test(
    "[MMB-30] names what is wrong, with what to do, and says that the server is away",
    async () => {
      const { context, page } = await open();
      await page.goto(`${nodes[0]?.url}/admin`);
      await page.getByLabel("Token or key").fill(operatorToken());
      await page.keyboard.press("Enter");
      await page.getByText("Nothing needs anybody.").waitFor();
      await nodes[1]?.kill();
      await page.getByText("Node silent").waitFor({ timeout: 30_000 });
      await page.getByText("did not answer in time").waitFor();
      await nodes[0]?.kill();
      await page.getByText("The server does not answer.").waitFor({ timeout: 30_000 });
      await context.close();
    },
    timeoutMs,
  );
});
