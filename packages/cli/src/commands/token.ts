import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { say, sayJson, UsageFailure } from "../output.ts";
import { signed } from "../running.ts";

const maxTtlSeconds = 366 * 86_400;

export function tokenCommand(): Command {
  return withExample(
    addInstallFlags(
      new Command("token")
        .description("Print a JWT for a user, signed with the install's secret.")
        .requiredOption("--user <id>", "user id, as your application knows it")
        .option("--name <name>", "name that others see; the id if not given")
        .option("--ttl <seconds>", "how long it is good; mmb_token_expiry_s, an hour, if not given")
        .option("--single-use", "good for one sign-in only")
        .action(token),
    ),
    "parlance token --user 42 --name Ada --ttl 600",
  );
}

async function token(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const user = String(options["user"]);
  if (!/^[\x21-\x7e]{1,128}$/.test(user)) {
    throw new UsageFailure("--user: 1-128 visible ASCII characters", "token");
  }
  const ttlSeconds = Number(options["ttl"] ?? config.mmb_token_expiry_s);
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > maxTtlSeconds) {
    throw new UsageFailure(`--ttl: whole seconds, 1-${maxTtlSeconds}`, "token");
  }
  const { name } = options;
  const made = await signed(config, {
    user,
    ttlSeconds,
    ...(typeof name === "string" ? { name } : {}),
    ...(options["singleUse"] === true ? { singleUse: true } : {}),
  });
  if (options["json"] === true) sayJson({ token: made, user, ttl_seconds: ttlSeconds });
  else say(made);
}
