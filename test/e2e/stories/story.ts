/**
 * What every story has: a server as `npm start` runs it, a browser, and pages of other people: the test's own, written
 * from a system's description, with nothing but the address of the server changed.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { freePort, type ServerEnvironment, ServerProcess } from "@parlance/testkit/server-process";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { openBrowser } from "../browser.ts";
import { OtherSite } from "../fake-server.ts";

const cli = join(import.meta.dirname, "../../../packages/cli/bin/parlance.js");

/** The dialects that a story gives a port of their own, as their descriptions have it. */
export type PortedDialect = "chatlogger" | "mmb" | "symfony-chat";

/** A page of a story and what went wrong in it. */
export interface StoryPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page threw. */
  readonly errors: string[];
}

/** One install, one browser, and a folder for what is opened from disk. */
export class Story {
  readonly server: ServerProcess;
  readonly site: OtherSite;
  readonly directory: string;
  readonly browser: Browser;
  readonly #environment: ServerEnvironment;
  readonly #ports: ReadonlyMap<PortedDialect, number>;

  private constructor(
    parts: Pick<Story, "server" | "site" | "directory" | "browser"> & {
      readonly environment: ServerEnvironment;
      readonly ports: ReadonlyMap<PortedDialect, number>;
    },
  ) {
    this.server = parts.server;
    this.site = parts.site;
    this.directory = parts.directory;
    this.#environment = parts.environment;
    this.browser = parts.browser;
    this.#ports = parts.ports;
  }

  /** Starts everything, with an empty data directory. */
  static async begin(
    dialects: readonly PortedDialect[],
    environment: ServerEnvironment = {},
  ): Promise<Story> {
    const directory = mkdtempSync(join(tmpdir(), "parlance-story-"));
    const ports = new Map<PortedDialect, number>();
    for (const dialect of dialects) ports.set(dialect, await freePort());
    const listen = [...ports].map(([dialect, port]) => `${dialect}=${port}`).join(",");
    const server = new ServerProcess(await freePort(), join(directory, "data"), {
      PARLANCE_DRAIN_MS: "0",
      ...(listen === "" ? {} : { PARLANCE_LISTEN: listen }),
      ...environment,
    });
    await server.start();
    const site = await new OtherSite().start();
    const browser = await openBrowser();
    return new Story({ server, site, directory, environment, ports, browser });
  }

  async end(): Promise<void> {
    await this.browser.close();
    await this.site.stop();
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Where a dialect has a port of its own, as its pages write it: without a path. */
  portUrl(dialect: PortedDialect): string {
    const port = this.#ports.get(dialect);
    if (port === undefined) throw new Error(`${dialect} has no port in this story`);
    return `ws://127.0.0.1:${port}`;
  }

  /** A window of its own, with nothing in it yet. */
  async window(): Promise<StoryPage> {
    const context = await this.browser.newContext({ viewport: { width: 1_024, height: 768 } });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    return { context, page, errors };
  }

  /** A window that shows an address. */
  async open(url: string): Promise<StoryPage> {
    const shown = await this.window();
    await shown.page.goto(url);
    return shown;
  }

  /** Puts a page of `pages/` on the other site. @returns its address. */
  serve(name: string, changes: Readonly<Record<string, string>>, path = `/${name}`): string {
    return this.site.put(path, pageText(name, changes));
  }

  /** Puts a page of `pages/` on the disk. @returns its `file:` address. */
  save(name: string, changes: Readonly<Record<string, string>>): string {
    const path = join(this.directory, name);
    writeFileSync(path, pageText(name, changes));
    return pathToFileURL(path).href;
  }

  /** Runs `parlance` on the server's machine, with its settings. @returns what it printed. */
  async parlance(...words: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [cli, ...words], {
      env: {
        ...process.env,
        ...this.#environment,
        PARLANCE_PORT: String(this.server.port),
        PARLANCE_DATA_DIR: this.server.dataDir,
      },
    });
    return stdout.trim();
  }

  /** `POST` with a JSON body. */
  async post(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const answer = await fetch(`${this.server.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  }
}

/** A page as its author wrote it, with other words at the marked places. @throws Error where there is no such place. */
function pageText(name: string, changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(import.meta.dirname, "pages", name), "utf8");
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
    text = text.replaceAll(from, () => to);
  }
  return text;
}

/** Everything that a page's `log` holds: its frames and events, in order. */
export function logOf<T>(page: Page): Promise<T[]> {
  return page.evaluate(() => (window as unknown as { log: T[] }).log) as Promise<T[]>;
}
