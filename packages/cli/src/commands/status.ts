import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { runningServer } from "../lifecycle.ts";
import { CommandFailure, say, sayJson, sayTable } from "../output.ts";
import { ask, askAsOperator, serverUrl } from "../running.ts";

type Counts = Readonly<Record<string, number>>;

interface NodeView {
  readonly id: string;
  readonly url: string;
  readonly host: string;
  readonly version: string;
  readonly started_at: string;
  readonly connections: number;
}

/** What `GET /api/v1/admin/overview` tells of a node, as far as it is told here. */
interface NodeOverview {
  readonly hooks?: readonly { readonly hook: string; readonly down: boolean }[];
  readonly webhooks?: readonly WebhookOverview[];
}

interface WebhookOverview {
  readonly id: string;
  readonly name: string;
  readonly paused_because?: string;
  readonly lag?: number;
  readonly oldest_ms?: number;
  readonly dead?: number;
}

interface Ready {
  readonly status: string;
  readonly components: Readonly<Record<string, string>>;
  readonly processes?: { readonly running: number; readonly of: number };
}

export function statusCommand(): Command {
  const command = new Command("status")
    .description("What the running server is doing, and who else serves this install.")
    .action(status);
  return withExample(addInstallFlags(command), "parlance status --json");
}

async function status(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const ready = await ask(config, "/ready");
  if (ready === undefined) throw new CommandFailure(`No server answers at ${serverUrl(config)}.`);
  const { status: state, components, processes } = ready.body as Ready;
  const listed = await askAsOperator(config, "GET", "/connections?limit=1");
  const { counts, silent } = (listed?.body ?? { counts: {}, silent: [] }) as {
    readonly counts: Counts;
    readonly silent: readonly string[];
  };
  const living = await askAsOperator(config, "GET", "/nodes");
  const { nodes } = (living?.body ?? { nodes: [] }) as { readonly nodes: readonly NodeView[] };
  const seen = await askAsOperator(config, "GET", "/overview?points=none");
  const { nodes: overviews } = (seen?.body ?? { nodes: [] }) as {
    readonly nodes: readonly NodeOverview[];
  };
  const webhooks = overviews.flatMap((node) => node.webhooks ?? []);
  const hooks = overviews.flatMap((node) => node.hooks ?? []);
  const pid = runningServer(config)?.pid;
  if (options["json"] === true) {
    const told = processes && { processes: { running: processes.running, of: processes.of } };
    const own = { url: serverUrl(config), ...(pid === undefined ? {} : { pid }) };
    sayJson({ ...own, status: state, components, ...told, counts, nodes, silent, hooks, webhooks });
    return;
  }
  say(`${state} at ${serverUrl(config)}${pid === undefined ? "" : ` (pid ${pid})`}`);
  if (processes !== undefined) say(`  processes: ${processes.running} of ${processes.of}`);
  for (const [name, value] of Object.entries({ ...components, ...counts })) {
    say(`  ${name.replaceAll("_", " ")}: ${value}`);
  }
  if (silent.length > 0) say(`  not counted, as they did not answer: ${silent.join(", ")}`);
  const down = hooks.filter((hook) => hook.down).map(({ hook }) => hook);
  for (const hook of new Set(down)) say(`  hook ${hook}: the last questions were not answered`);
  for (const webhook of webhooks) {
    const trouble = troubleOf(webhook);
    if (trouble !== "") say(`  webhook ${webhook.name} (${webhook.id}): ${trouble}`);
  }
  if (nodes.length < 2) return;
  say(`${nodes.length} nodes serve this install:`);
  sayTable(
    nodes.map((node) => [
      `  ${node.host}`,
      node.url,
      node.version,
      `since ${node.started_at}`,
      `${node.connections} connections`,
    ]),
  );
}

/** The oldest has waited for so long that its receiver is not only slow; as on `/admin`. */
const behindMs = 600_000;

/** What somebody should look at; empty where nobody has to. */
function troubleOf({ paused_because: paused, lag, oldest_ms: ms = 0, dead = 0 }: WebhookOverview) {
  const minutes = Math.floor(ms / 60_000);
  return [
    ...(paused === undefined ? [] : [`paused: ${paused}`]),
    ...(ms > behindMs ? [`${lag} events wait, the oldest for ${minutes} minutes`] : []),
    ...(dead > 0 ? [`${dead} events were given up`] : []),
  ].join("; ");
}
