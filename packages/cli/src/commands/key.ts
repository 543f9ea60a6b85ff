import type { KeyScope } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { withStore } from "../install.ts";
import { CommandFailure, say, sayJson, sayTable, UsageFailure } from "../output.ts";
import { askAsOperator } from "../running.ts";

interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly rooms?: readonly string[];
  readonly bot?: true;
  readonly created_at: string;
  readonly revoked: boolean;
}

const scopes: readonly KeyScope[] = ["publish", "read", "rooms", "impersonate", "admin"];

export function keyCommand(): Command {
  const command = new Command("key").description("Keys for back ends and bots.");
  const create = new Command("create")
    .description("Make a key; it is printed once.")
    .requiredOption(
      "--scope <scopes>",
      `what it may do: ${scopes.join(", ")}; several with commas, or given again`,
      several,
    )
    .option("--name <name>", "who it speaks for; outlives a change of key (preset: backend)")
    .option(
      "--room <names>",
      "rooms, or patterns such as ops-*, that it is for; all if not given",
      several,
    )
    .option("--bot <name>", "a bot's: the user service:<name> is made if it is not there")
    .option("--display-name <text>", "how people see the bot; its name if not given")
    .action(createKey);
  const list = new Command("list").description("List the keys.").action(listKeys);
  const revoke = new Command("revoke")
    .description("Revoke a key; closes what is connected by it.")
    .argument("<id>")
    .action(revokeKey);
  for (const one of [create, list, revoke]) command.addCommand(addInstallFlags(one));
  withExample(
    create,
    "parlance key create --scope publish --name shop",
    "parlance key create --bot helper --scope publish,read --room 'ops-*'",
  );
  withExample(list, "parlance key list");
  withExample(revoke, "parlance key revoke 4f1c2ab0");
  return withExample(command, "parlance key create --scope publish --name shop");
}

async function createKey(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const { bot, room, name } = options;
  if (bot !== undefined && name !== undefined) {
    throw new UsageFailure("--bot is the name: leave --name out", "key create");
  }
  const key = {
    name: String(bot ?? name ?? "backend"),
    scopes: readScopes(String(options["scope"])),
    ...(room === undefined ? {} : { rooms: String(room).split(",") }),
    ...(bot === undefined ? {} : { bot: { name: String(options["displayName"] ?? bot) } }),
  };
  if (!/^[a-z0-9][a-z0-9_.-]{0,63}$/.test(key.name)) {
    const flag = bot === undefined ? "--name" : "--bot";
    throw new UsageFailure(`${flag}: 1-64 of a-z 0-9 _ . -`, "key create");
  }
  if ((key.bot !== undefined || key.rooms !== undefined) && key.scopes.includes("admin")) {
    throw new UsageFailure("--scope admin goes neither with --bot nor with --room", "key create");
  }
  if (key.bot !== undefined && key.scopes.includes("impersonate")) {
    throw new UsageFailure("--scope impersonate does not go with --bot", "key create");
  }
  const answer = await askAsOperator(config, "POST", "/keys", key);
  const token =
    answer === undefined
      ? (await withStore(config, ({ keys }) => keys.createKey(key))).token
      : (answer.body as { token: string }).token;
  if (options["json"] === true) sayJson({ token, ...key });
  else say(token);
}

/** An option that may be given again: as if all were separated by commas. */
function several(value: string, before: string | undefined): string {
  return before === undefined ? value : `${before},${value}`;
}

function readScopes(list: string): readonly KeyScope[] {
  return list.split(",").map((name) => {
    const scope = scopes.find((known) => known === name);
    if (scope === undefined) {
      const only = scopes.join(", ");
      throw new UsageFailure(`--scope: there is no "${name}", only ${only}`, "key create");
    }
    return scope;
  });
}

async function listKeys(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const answer = await askAsOperator(config, "GET", "/keys");
  const keys =
    answer === undefined
      ? await withStore(config, async (install) =>
          (await install.keys.listKeys()).map(
            ({ principal: _, secretHash: __, createdAt, ...key }): KeyView => ({
              ...key,
              created_at: new Date(createdAt).toISOString(),
            }),
          ),
        )
      : (answer.body as { keys: readonly KeyView[] }).keys;
  if (options["json"] === true) {
    sayJson(keys);
    return;
  }
  if (keys.length === 0) say("No keys yet. Make one with: parlance key create --scope publish");
  sayTable(
    keys.map((key) => [
      key.id,
      key.name,
      key.bot === true ? "bot" : "",
      key.scopes.join(","),
      key.rooms?.join(",") ?? "*",
      key.created_at,
      key.revoked ? "revoked" : "",
    ]),
  );
}

async function revokeKey(id: string, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const answer = await askAsOperator(config, "DELETE", `/keys/${encodeURIComponent(id)}`);
  if (answer === undefined) {
    const wasThere = await withStore(config, ({ keys }) => keys.revokeKey(id));
    if (!wasThere) throw new CommandFailure(`There is no key ${id}, or it was revoked before.`);
  }
  if (options["json"] === true) sayJson({ id, revoked: true });
  else say(`Revoked ${id}.`);
}
