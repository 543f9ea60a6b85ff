import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, withExample } from "../flags.ts";
import { CommandFailure, say, sayJson } from "../output.ts";
import { askAsOperator, serverUrl } from "../running.ts";

/** What `GET /api/v1/admin/trace/{message}` answers. */
interface Trace {
  readonly id: string;
  readonly room: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly head: number;
  readonly author: string;
  readonly principal: string;
  readonly written_at?: string;
  readonly client_message_id?: string;
  readonly deleted: boolean;
  readonly later: readonly {
    readonly type: string;
    readonly sequence: number;
    readonly author: string;
    readonly at: string;
  }[];
  readonly looked_up_to: number;
  readonly read_by: readonly string[];
  readonly members: number;
  readonly nodes: readonly {
    readonly node: string;
    readonly remembers_since: string;
    readonly appends: readonly {
      readonly via: string;
      readonly given_at: string;
      readonly answered_at: string;
      readonly repeated: boolean;
    }[];
    readonly deliveries: readonly {
      readonly at: string;
      readonly reached: number;
      readonly behind: number;
    }[];
  }[];
  readonly webhooks?: readonly {
    readonly name: string;
    readonly state: "delivered" | "earlier" | "waiting" | "dead";
    readonly place?: number;
    readonly failing_since?: string;
    readonly paused_because?: string;
    readonly given_up_at?: string;
    readonly reason?: string;
  }[];
  readonly silent: readonly string[];
}

export function traceCommand(): Command {
  const command = new Command("trace")
    .description("Tell what became of one message. Never its text.")
    .argument("<message>", "room:sequence, or the message's id")
    .action(trace);
  return withExample(addInstallFlags(command), "parlance trace general:1204");
}

async function trace(message: string, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const path = `/trace/${encodeURIComponent(message)}`;
  const answer = await askAsOperator(config, "GET", path);
  if (answer === undefined) throw new CommandFailure(`No server answers at ${serverUrl(config)}.`);
  if (options["json"] === true) sayJson(answer.body);
  else for (const line of tell(answer.body as Trace)) say(line);
}

function tell(trace: Trace): readonly string[] {
  const { room, sequence, epoch, head } = trace;
  const written = trace.written_at === undefined ? "" : `, written ${trace.written_at}`;
  const by = trace.principal === trace.author ? "" : `, sent by ${trace.principal}`;
  return [
    `Message ${trace.id}: ${room}:${sequence} by ${trace.author}${by}${written}`,
    ...(trace.client_message_id === undefined ? [] : [`  key ${trace.client_message_id}`]),
    `  committed in epoch ${epoch} as ${sequence} of ${head}`,
    ...tellCommit(trace),
    ...tellLater(trace),
    ...tellReaders(trace),
    ...tellDeliveries(trace),
    ...tellWebhooks(trace),
    ...trace.silent.map((node) => `  node ${node} did not answer: what it remembers is not known`),
  ];
}

/** Who took it is in the memory of a node only. */
function tellCommit({ nodes }: Trace): readonly string[] {
  const lines = nodes.flatMap(({ node, appends }) =>
    appends.map(({ via, given_at: given, answered_at: answered, repeated }) => {
      const took = Date.parse(answered) - Date.parse(given);
      return repeated
        ? `  sent again through ${via} on node ${node} at ${given}; answered with the first place`
        : `  received through ${via} on node ${node} at ${given}, committed ${took} ms later`;
    }),
  );
  const isTold = nodes.some(({ appends }) => appends.some(({ repeated }) => !repeated));
  if (isTold) return lines;
  return ["  through what and on which node it was received is not known any more", ...lines];
}

function tellLater(trace: Trace): readonly string[] {
  const { later, looked_up_to: upTo, head, deleted } = trace;
  const lines = later.map(
    ({ type, sequence, author, at }) => `  ${type} as ${sequence} by ${author} at ${at}`,
  );
  if (later.length === 0 && !deleted) lines.push("  not edited, not deleted");
  if (deleted && !later.some(({ type }) => type === "message.deleted")) lines.push("  deleted");
  if (upTo < head) lines.push(`  what was done to it behind ${upTo} was not looked for`);
  return lines;
}

function tellReaders({ read_by: readers, members }: Trace): readonly string[] {
  if (members === 0) return ["  who has read it is not known: the room has no members"];
  const named = readers.length === 0 ? "" : `: ${readers.slice(0, 20).join(", ")}`;
  const more = readers.length > 20 ? `, and ${readers.length - 20} more` : "";
  return [`  read by ${readers.length} of ${members} members${named}${more}`];
}

function tellDeliveries({ nodes }: Trace): readonly string[] {
  return nodes.flatMap(({ node, remembers_since: since, deliveries }) => {
    if (deliveries.length === 0) {
      return [`  node ${node}: no delivery that it remembers (it remembers from ${since} on)`];
    }
    return deliveries.map(({ at, reached, behind }) => {
      const others = behind === 0 ? "" : `, ${behind} more read it from the log`;
      return `  node ${node}: given to ${reached} subscriptions at ${at}${others}`;
    });
  });
}

function tellWebhooks({ webhooks, sequence }: Trace): readonly string[] {
  if (webhooks === undefined) {
    return ["  what webhooks were told of it is not known: it is not in the log any more"];
  }
  return webhooks.map(({ name, state, ...more }) => {
    switch (state) {
      case "delivered":
        return `  webhook ${name}: taken`;
      case "earlier":
        return `  webhook ${name}: made later, and told of it only if it was replayed`;
      case "dead":
        return `  webhook ${name}: given up at ${more.given_up_at}: ${more.reason}`;
      case "waiting": {
        const { place = 0, failing_since: since, paused_because: paused } = more;
        const where = place < sequence ? `taken up to ${place}` : "given up before";
        const failing = since === undefined ? "" : `; what follows fails since ${since}`;
        const pause = paused === undefined ? "" : `; paused: ${paused}`;
        return `  webhook ${name}: waits, ${where}${failing}${pause}`;
      }
    }
  });
}
