import { foreignNames } from "./foreign/table.ts";
import { settings } from "./schema.ts";

/** `docs/operations/configuration.md`, made from the schema and the table of foreign names; a test compares them. */
export function configurationDocument(): string {
  const rows = settings.map(({ name, environment, flag, form, meaning, preset }) => {
    const value = preset === undefined || preset === "" ? "-" : `\`${preset}\``;
    const option = flag === undefined ? "-" : `\`${flag}\``;
    return row([`\`${environment}\``, option, `\`${name}\``, form, value, meaning]);
  });
  const foreign = foreignNames.map(({ name, system, maps, how }) =>
    row([`\`${name}\``, system, `\`${maps}\``, how]),
  );
  return `${introduction}
| Environment | Flag of \`start\` | In \`parlance.json\` | Form | Preset | Meaning |
|---|---|---|---|---|---|
${rows.join("\n")}

${sections}
| Name | System | Maps to | How |
|---|---|---|---|
${foreign.join("\n")}
`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

const introduction = `# Configuration

Flags win over the environment, the environment over files (\`.env.local\` over \`.env\` over \`parlance.json\`, looked
for where the server is started), files over presets. An empty variable counts as not set. \`parlance config\` shows
each value with its source. This page is made from the schema that the server checks (\`npx node
packages/server/src/config/write-document.ts\` writes it anew).

In development mode, which is the preset, a secret is made in the data directory at the first start, guests may come
in, and pages of this machine may connect. Production mode trusts none of that: it wants a strong \`PARLANCE_SECRET\`,
a \`PARLANCE_PUBLIC_URL\` where others can reach it, and lets guests in only with \`PARLANCE_GUESTS=open\`.
`;

const sections = `## Endpoints

\`PARLANCE_LISTEN\` opens endpoints of the dialects \`chatlogger\`, \`mmb\`, \`portico\`, \`symfony-chat\`, \`native\` and \`yjs\`. It is a
list, separated by commas:

| Entry | Means |
|---|---|
| \`mmb=8082\` | Port 8082 on the main host speaks MMB, at every path |
| \`mmb=0.0.0.0:8082\`, \`mmb=[::1]:8082\` | The same on another address; IPv6 in brackets |
| \`chatlogger=/chat\` | The path \`/chat\` of the main port speaks ChatLogger |
| \`portico=:9000/wss\` | Only the path \`/wss\` of port 9000 speaks PorticoEstate |
| \`yjs=1234\`, \`yjs=/collab\` | Port 1234, or paths such as \`/collab/doc_plan\`, speak \`y-websocket\`: the last part of a path is the room. Without an entry it is \`/yjs/{room}\` |

In \`parlance.json\` it is a list of such texts, or of objects such as
\`{"dialect": "mmb", "host": "127.0.0.1", "port": 8082, "path": "/ws"}\`. Port 0 takes any that is free. A path that ends with
a slash is the same as without.

\`none\` opens nothing. \`auto\`, the preset, opens three ports on the main host where they are free: 8081 \`chatlogger\`, as
its page has it, 8082 \`mmb\` and 8083 \`symfony-chat\`, whose pages have 8080 like the main port. That is so in development
mode while \`PARLANCE_PORT\` is not set; else \`auto\` opens nothing. An endpoint that is named, by \`WS_PORT\` too, takes the
place of all three.

Refused: two entries for one place; the main port without a path, or with another host; one port on two hosts; one entry for every
path of a port and another for one path of it; \`/ws\` and \`/socket.io\` of the main port, which are the server's own.

## Trusted network

The frames of the four JSON dialects say who sends them, and prove nothing. A connection is bound to whom a token, a session or
the connect hook names. Only for dialects in \`PARLANCE_TRUSTED_NETWORK\` the id in its first frame is believed where none
of these said anything. Whoever can reach such an endpoint can be anybody.

- \`auto\`, the preset: all four in development mode, while every address that the server listens on is a loopback one and neither
  \`PARLANCE_PUBLIC_URL\` nor \`PARLANCE_MMB_PUBLIC_URL\` names another. Otherwise none.
- \`none\`: none.
- A list, such as \`portico,mmb\`: these. In production mode only on loopback addresses; the start is refused otherwise. A proxy makes
  everybody look like loopback, so do not list anything behind one that strangers can reach.

## Pages opened from disk

A page that is opened as a file has the Origin \`null\`; so have pages in some sandboxes, so \`null\` proves nothing. The four JSON
dialects take it in development mode while this machine alone can reach the server, and elsewhere if \`PARLANCE_ORIGINS\`
lists \`null\`. The native dialect, Socket.IO and REST never take it.

## Names of other systems

These are read from the environment, \`.env.local\` and \`.env\`, in the same order as ours, so what is configured already
goes on working. \`parlance config\` shows what each one maps to.

Two names that give one thing different values do not override each other, whichever file they are in: the start ends with a
line that has both names and both values, secrets hidden. Equal values are fine. A value that cannot be used ends the start too.
`;
