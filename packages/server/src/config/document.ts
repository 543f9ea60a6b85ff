import { settings } from "./schema.ts";

/** `docs/operations/configuration.md`, made from the schema; a test compares the two. */
export function configurationDocument(): string {
  const rows = settings.map(({ name, environment, flag, form, meaning, preset }) => {
    const value = preset === undefined || preset === "" ? "-" : `\`${preset}\``;
    const option = flag === undefined ? "-" : `\`${flag}\``;
    const cells = [`\`${environment}\``, option, `\`${name}\``, form, value, meaning];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return `${introduction}
| Environment | Flag of \`start\` | In \`parlance.json\` | Form | Preset | Meaning |
|---|---|---|---|---|---|
${rows.join("\n")}
`;
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
