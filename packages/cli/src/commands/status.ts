import { readRunningFile } from "@parlance/server";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options } from "../flags.ts";
import { CommandFailure, say, sayJson, sayTable } from "../output.ts";
import { ask, askAsOperator, askWorker, serverUrl } from "../running.ts";

type Counts = Readonly<Record<string, number>>;

interface NodeView {
  readonly url: string;
  readonly host: string;
  readonly version: string;
  readonly started_at: string;
  readonly connections: number;
}

interface Connections {
  readonly counts: Counts;
}

export function statusCommand(): Command {
  return addInstallFlags(
    new Command("status").description("What the running server is doing.").action(status),
  );
}

async function status(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const ready = await ask(config, "/ready");
  if (ready === undefined) throw new CommandFailure(`No server answers at ${serverUrl(config)}.`);
  const {
    status: state,
    components,
    processes,
  } = ready.body as {
    status: string;
    components: Readonly<Record<string, string>>;
    processes?: { readonly running: number; readonly of: number };
  };
  const workers = readRunningFile(config.data_dir)?.workers ?? [];
  const answers =
    processes === undefined
      ? [await askAsOperator(config, "GET", "/connections")]
      : await Promise.all(workers.map((worker) => askWorker(config, worker, "/connections")));
  const each = answers.flatMap((answer) =>
    answer === undefined ? [] : [(answer.body as Connections).counts],
  );
  const counts = sumOf(each);
  const listed = await askAsOperator(config, "GET", "/nodes");
  const { nodes } = (listed?.body ?? { nodes: [] }) as { readonly nodes: readonly NodeView[] };
  if (options["json"] === true) {
    const told = processes && { processes: { running: processes.running, of: processes.of } };
    sayJson({ url: serverUrl(config), status: state, components, ...told, counts, nodes });
    return;
  }
  say(`${state} at ${serverUrl(config)}`);
  if (processes !== undefined) say(`  processes: ${processes.running} of ${processes.of}`);
  for (const [name, value] of Object.entries({ ...components, ...counts })) {
    say(`  ${name.replaceAll("_", " ")}: ${value}`);
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

/** Of all processes together. */
function sumOf(each: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const counts of each) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}
