/** The programs that make and run the image without a daemon: mmdebstrap, Buildah and Podman, as Debian has them. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
/** What the Dockerfile begins with. */
export const baseName = "docker.io/library/node:24-bookworm-slim";
export const imageName = "localhost/parlance:latest";
const programs = ["mmdebstrap", "buildah", "podman", "runc", "npm"] as const;
/** Also without the right to raise limits. */
const limits = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"];

export interface Done {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is missing here to make an image, empty if nothing is. */
export function missing(): readonly string[] {
  const absent = programs.filter((name) => spawnSync("which", [name]).status !== 0);
  return process.getuid?.() === 0 ? absent : ["rights of root", ...absent];
}

/** Images and containers of a folder of their own, whatever else the machine has. */
export class ImageEngine {
  readonly #folder: string;
  readonly #stores: readonly string[];

  /** @param folder The base is kept there for the next time. */
  constructor(folder: string) {
    this.#folder = folder;
    const store = ["--root", join(folder, "images"), "--runroot", join(folder, "run")];
    this.#stores = [...store, "--storage-driver", "overlay"];
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /**
   * A stand-in for the official base, which needs a registry: Debian 12 with Node and npm at the same places.
   * Nothing if it is there already.
   */
  makeBase(node: string): void {
    if (this.#run("buildah", [...this.#stores, "inspect", baseName]).code === 0) return;
    const context = join(this.#folder, "base");
    mkdirSync(context, { recursive: true });
    const tar = join(context, "base.tar");
    this.#must("mmdebstrap", ["--variant=minbase", "--mode=root", "bookworm", tar]);
    cpSync(node, join(context, "node"));
    const npm = this.#must("npm", ["root", "--global"]).stdout.trim();
    cpSync(join(npm, "npm"), join(context, "npm"), { recursive: true });
    const steps = [
      "FROM scratch",
      "ADD base.tar /",
      "COPY node /usr/local/bin/node",
      "COPY npm /usr/local/lib/node_modules/npm",
      "RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm",
    ];
    writeFileSync(join(context, "Dockerfile"), `${steps.join("\n")}\n`);
    this.#build(["--tag", baseName, context]);
    rmSync(context, { recursive: true });
  }

  /** The image from `deploy/Dockerfile`, which is taken as it is. */
  buildImage(): void {
    const file = join(root, "deploy/Dockerfile");
    this.#build([...this.#trust(), "--pull-never", "--file", file, "--tag", imageName, root]);
  }

  #build(args: readonly string[]): void {
    // Docker's format: the other one has no health check.
    const kind = ["--isolation", "chroot", "--network", "host", "--format", "docker", "--layers"];
    this.#must("buildah", [...this.#stores, "build", ...kind, ...args], "inherit");
  }

  /** Where this machine trusts an authority of its own, the steps of the build do too; the image has nothing of it. */
  #trust(): readonly string[] {
    const file = this.#must("npm", ["config", "get", "cafile"]).stdout.trim();
    if (!existsSync(file)) return [];
    const [authorities, settings] = [join(this.#folder, "ca.crt"), join(this.#folder, "npmrc")];
    writeFileSync(authorities, readFileSync(file));
    writeFileSync(settings, "cafile=/etc/build-ca.crt\n");
    return [`${authorities}:/etc/build-ca.crt:ro`, `${settings}:/usr/local/etc/npmrc:ro`].flatMap(
      (volume) => ["--volume", volume],
    );
  }

  /** Starts a container; its ports are this machine's. */
  start(name: string, volume: string, environment: Readonly<Record<string, string>>): void {
    const set = Object.entries(environment).flatMap((pair) => ["--env", pair.join("=")]);
    // Without systemd nobody would ask for its health by the clock; the test does.
    const how = ["--init", "--network", "host", "--health-interval", "disable", ...limits];
    this.podman("run", "--detach", "--name", name, ...how, "-v", volume, ...set, imageName);
  }

  /** @throws Error with what it said if it fails. */
  podman(...args: readonly string[]): Done {
    return this.#must("podman", this.#podmanArguments(args));
  }

  /** As `podman`, but a failure is an answer. */
  ask(...args: readonly string[]): Done {
    return this.#run("podman", this.#podmanArguments(args));
  }

  #podmanArguments(args: readonly string[]): readonly string[] {
    const own = ["--tmpdir", join(this.#folder, "podman"), "--runtime", "runc"];
    return [...this.#stores, ...own, "--cgroup-manager", "cgroupfs", ...args];
  }

  #must(program: string, args: readonly string[], output: "pipe" | "inherit" = "pipe"): Done {
    const done = this.#run(program, args, output);
    if (done.code !== 0) throw new Error(`${program} ended with ${done.code}: ${done.stderr}`);
    return done;
  }

  #run(program: string, args: readonly string[], output: "pipe" | "inherit" = "pipe"): Done {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      encoding: "utf8",
      stdio: ["ignore", output, output],
      env: { ...process.env, TMPDIR: this.#folder },
    });
    if (error !== undefined) throw error;
    return { code: status ?? -1, stdout: stdout ?? "", stderr: stderr ?? "" };
  }
}
