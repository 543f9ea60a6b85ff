/** The address of the database, checked and taken apart. */

/** What the tables are called where several programs may share a database. */
const presetPrefix = "parlance_";

/** The database that the configuration names. */
export type DatabaseAddress =
  /** A file in a directory. `path` is empty for the data directory. */
  | { readonly engine: "sqlite"; readonly path: string }
  | {
      readonly engine: "postgres" | "mysql";
      /** As the driver takes it, password included: never to be shown. */
      readonly url: string;
      /** Before the name of every table. */
      readonly prefix: string;
      /** Without user and password: `PostgreSQL at db.example:5432/chat`. */
      readonly shown: string;
    };

/** Parameters that are ours; PostgreSQL's driver has its own beside them. */
const known: Readonly<Record<"postgres" | "mysql", readonly string[]>> = {
  postgres: [
    "prefix",
    "sslmode",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "application_name",
    "options",
    "host",
  ],
  mysql: ["prefix", "tls"],
};

/** Takes an address apart. A text is what is wrong with it, without the address: it may contain a password. */
export function parseDatabaseUrl(text: string): DatabaseAddress | string {
  if (text.startsWith("sqlite:")) return { engine: "sqlite", path: text.slice("sqlite:".length) };
  const engine = /^postgres(ql)?:\/\//.test(text)
    ? "postgres"
    : /^(mysql|mariadb):\/\//.test(text)
      ? "mysql"
      : undefined;
  if (engine === undefined || !URL.canParse(text)) {
    return "sqlite:, postgres://user:password@host:port/database or mysql://user:password@host:port/database";
  }
  const url = new URL(text);
  const database = decoded(url.pathname.slice(1));
  if (database === undefined || database === "" || database.includes("/")) {
    return "names no database, or more than one";
  }
  for (const name of url.searchParams.keys()) {
    if (known[engine].includes(name)) continue;
    return `knows the parameters ${known[engine].join(", ")} only (a ? in a password is %3F)`;
  }
  const prefix = url.searchParams.get("prefix") ?? presetPrefix;
  if (!/^[^\p{Cc}"`{}?]{0,30}$/u.test(prefix))
    return "the prefix is at most 30 characters, no quotes, braces or question marks";
  url.searchParams.delete("prefix");
  const preset = engine === "postgres" ? "5432" : "3306";
  const place = `${url.hostname}:${url.port === "" ? preset : url.port}/${database}`;
  return {
    engine,
    url: url.href,
    prefix,
    shown: `${engine === "postgres" ? "PostgreSQL" : "MySQL"} at ${place}`,
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
