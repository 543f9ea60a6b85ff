import type { Config } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { withStore } from "../install.ts";
import { CommandFailure, say, sayJson, UsageFailure } from "../output.ts";
import { askAsOperator, operatorAsks, serverUrl } from "../running.ts";

export function kickCommand(): Command {
  const command = new Command("kick")
    .description("Put somebody out of a room, or end one connection.")
    .argument("[room]", "the room to leave")
    .argument("[user]", "who has to leave it")
    .option("--connection <id>", "end this connection, on whichever node it is")
    .action(kick);
  return withExample(
    addInstallFlags(command),
    "parlance kick general u_mallory",
    "parlance kick --connection 01k3zq6ns8",
  );
}

export function banCommand(): Command {
  const command = new Command("ban")
    .description(
      "Disable a user: ends its sessions and connections on all nodes within two seconds.",
    )
    .argument("<user>", "id, or an account's user name")
    .option("--reason <text>", "for the log, up to 200 characters")
    .action((user: string, options: Options) => setDisabled(user, options, "disable"));
  return withExample(addInstallFlags(command), 'parlance ban mallory --reason "floods the lobby"');
}

export function unbanCommand(): Command {
  const command = new Command("unban")
    .description("Enable a user again.")
    .argument("<user>", "id, or an account's user name")
    .action((user: string, options: Options) => setDisabled(user, options, "enable"));
  return withExample(addInstallFlags(command), "parlance unban mallory");
}

async function kick(
  room: string | undefined,
  user: string | undefined,
  options: Options,
): Promise<void> {
  const { config } = configFrom(options);
  const { connection } = options;
  const isJson = options["json"] === true;
  if (typeof connection === "string") {
    if (room !== undefined) throw new UsageFailure("a room, or --connection: one of both", "kick");
    const path = `/connections/${encodeURIComponent(connection)}`;
    if ((await askAsOperator(config, "DELETE", path)) === undefined) throw nobody(config);
    if (isJson) sayJson({ connection, ended: true });
    else say(`Ended ${connection}.`);
    return;
  }
  if (room === undefined || user === undefined) {
    throw new UsageFailure("name a room and a user, or --connection ID", "kick");
  }
  const path = `/rooms/${encodeURIComponent(room)}/members/${encodeURIComponent(user)}`;
  if ((await operatorAsks(config, "DELETE", path)) === undefined) throw nobody(config);
  if (isJson) sayJson({ room, user, removed: true });
  else say(`Put ${user} out of ${room}.`);
}

async function setDisabled(
  named: string,
  options: Options,
  action: "disable" | "enable",
): Promise<void> {
  const { config } = configFrom(options);
  const { reason } = options;
  const body = typeof reason === "string" ? { reason } : undefined;
  const path = `/users/${encodeURIComponent(named)}/${action}`;
  if ((await askAsOperator(config, "POST", path, body)) === undefined) {
    await withStore(config, async ({ users }) => {
      const user =
        (await users.user(named as Parameters<typeof users.user>[0])) ??
        (await users.userByUsername(named));
      if (user === undefined) throw new CommandFailure(`There is no user ${named}.`);
      await users.setDisabled(user.id, action === "disable", Date.now());
    });
  }
  if (options["json"] === true) sayJson({ user: named, disabled: action === "disable" });
  else say(action === "disable" ? `${named} is disabled.` : `${named} is enabled.`);
}

function nobody(config: Config): CommandFailure {
  return new CommandFailure(`No server answers at ${serverUrl(config)}.`);
}
