/**
 * The arrows between packages, as one table. A new arrow is an architectural change and comes with a
 * decision record in `docs/decisions/`.
 */

/** What each package may import from its siblings. `types` may be imported as types only. */
const arrows = {
  protocol: {},
  core: { runtime: ["protocol"] },
  storage: { runtime: ["protocol", "core"] },
  broker: { runtime: ["protocol", "core"] },
  dialects: { runtime: ["protocol", "core"] },
  gateway: { runtime: ["protocol", "core"] },
  identity: { runtime: ["protocol", "core"] },
  http: { runtime: ["protocol", "core"] },
  doors: { runtime: ["protocol", "core"] },
  collab: { runtime: ["protocol", "core"] },
  hooks: { runtime: ["protocol", "core"], types: ["plugin"] },
  /* Types for those who write plug-ins. */
  plugin: { types: ["protocol"] },
  webhooks: { runtime: ["protocol", "core"] },
  server: {
    runtime: [
      "protocol",
      "core",
      "storage",
      "broker",
      "dialects",
      "gateway",
      "identity",
      "http",
      "pages",
      "doors",
      "collab",
      "hooks",
      "webhooks",
    ],
  },
  client: { types: ["protocol"] },
  /* What a job's log says, for whoever shows it. */
  jobs: {},
  /* Custom elements for other people's pages, each page with one module that has all it needs. */
  elements: { runtime: ["client", "jobs"] },
  /* Of pages the measures and colours only: a style sheet. */
  react: { runtime: ["client", "pages"] },
  web: { runtime: ["client", "jobs", "react"] },
  /* A room for pages that have no build: React and the components in one module. */
  widget: { runtime: ["client", "react"] },
  /* Files that are served as they are, and a list of them. */
  pages: {},
  /* For back ends: whoever takes it takes nothing else of ours. */
  publisher: {},
  cli: { runtime: ["client", "server", "publisher"] },
  /* Only tests import it. Its nodes share the real memory broker, its clients speak the real native dialect and write real documents. */
  testkit: { runtime: ["protocol", "core", "broker", "dialects", "collab"] },
};

const packages = Object.keys(arrows);
/* Tests may look further than what they test: an adapter's test brings the in-memory ports, or a real peer. */
const test = "([.]test[.]tsx?$|^packages/[^/]+/test/)";
const typeOnly = "type-only";

/** What package.json exports, and its command if it has one. Nothing else is for others. */
function doors(name) {
  const { exports = {}, bin = {} } = require(`./packages/${name}/package.json`);
  return [...Object.values(exports), ...Object.values(bin)].map(
    (path) => `^packages/${name}/${path.replace("./", "")}$`,
  );
}

const betweenPackages = packages.flatMap((name) => {
  const { runtime = [], types = [] } = arrows[name];
  const allowed = [name, ...runtime, ...types].join("|");
  const rules = [
    {
      name: `arrow-${name}`,
      comment: `${name} may import: ${[...runtime, ...types].join(", ") || "no sibling"}`,
      severity: "error",
      from: { path: `^packages/${name}/`, pathNot: test },
      to: { path: "^packages/", pathNot: `^packages/(${allowed})/` },
    },
  ];
  if (types.length > 0) {
    rules.push({
      name: `types-only-${name}`,
      comment: `${name} has no run-time dependency on ${types.join(", ")}: \`import type\``,
      severity: "error",
      from: { path: `^packages/${name}/`, pathNot: test },
      to: { path: `^packages/(${types.join("|")})/`, dependencyTypesNot: [typeOnly] },
    });
  }
  rules.push({
    name: `door-${name}`,
    comment: `nobody imports past the door of ${name}, tests of other packages included`,
    severity: "error",
    from: { path: "^(packages|test|bench|scripts|examples)/", pathNot: `^packages/${name}/` },
    to: {
      path: `^packages/${name}/`,
      pathNot: doors(name),
    },
  });
  return rules;
});

module.exports = {
  forbidden: [
    ...betweenPackages,
    {
      name: "known-package",
      comment: "every folder in packages/ has a row in the table of arrows",
      severity: "error",
      from: { path: "^packages/", pathNot: `^packages/(${packages.join("|")})/` },
      to: {},
    },
    {
      name: "no-cycle",
      comment: "what imports each other in a circle is one idea in two files, or two in one",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: [typeOnly] } },
    },
    {
      name: "no-io",
      comment: "protocol and core have no I/O of their own; the client runs in browsers",
      severity: "error",
      from: {
        path: "^packages/(protocol|core|client|jobs|elements|react|web|widget)/src/",
        pathNot: test,
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "resolvable",
      comment: "an import that cannot be resolved is one that no rule can judge",
      severity: "error",
      from: { path: "^(packages|test|bench|scripts)/" },
      to: {
        couldNotResolve: true,
        pathNot: "^(virtual:|vite/client)|[.](css|svg|png|woff2)([?]|$)",
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/" },
    /* Type-only imports are arrows too. */
    tsPreCompilationDeps: true,
    /* Without these, an import of a workspace package does not resolve and no rule about it ever fires. */
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
