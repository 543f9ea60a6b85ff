/**
 * Who uses the cluster in a run: writers and readers of public and private rooms, one who is put out and let in again,
 * a stranger, people who watch presence, and identities that end. What they do next comes from the seed.
 */
import {
  type Cluster,
  codeOf,
  type MembershipChange,
  RecordingClient,
  type Revocation,
} from "@parlance/testkit/cluster";
import type { Random } from "@parlance/testkit/simulation";
import { SdkClient } from "./sdk-client.ts";

export const publicRooms = ["lobby", "plaza"] as const;
const absentRoom = "r_nobodymadethis";
const writerCount = 5;

/** Milliseconds between two doings of one kind; each is drawn from 0.5 to 1.5 of it. */
const pace = {
  publish: 25,
  sdk: 120,
  balance: 700,
  drop: 900,
  mark: 250,
  typing: 400,
  membership: 1_300,
  page: 700,
};

export class Population {
  readonly cluster: Cluster;
  readonly random: Random;
  readonly clients: RecordingClient[] = [];
  /** Clients of the SDK beside those that speak the protocol by hand. */
  readonly sdk: SdkClient[] = [];
  readonly changes: MembershipChange[] = [];
  readonly revocations: Revocation[] = [];
  /** The private room. */
  secret = "";
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #underway = new Set<Promise<void>>();
  #isBusy = false;
  #revoked = 0;
  /** Whether the one who comes and goes is let in, as far as the owner knows. */
  #isIn = false;

  constructor(cluster: Cluster, random: Random) {
    this.cluster = cluster;
    this.random = random;
  }

  named(name: string): RecordingClient {
    const found = this.clients.find((client) => client.name === name);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  }

  get writers(): readonly RecordingClient[] {
    return this.clients.filter((client) => client.name.startsWith("writer-"));
  }

  /** A client that is not connected yet. The run's checker looks at it. */
  add(
    name: string,
    options: Partial<ConstructorParameters<typeof RecordingClient>[0]> = {},
  ): RecordingClient {
    const user = options.user ?? `p-${name}`;
    const client = new RecordingClient({
      name,
      user,
      token: () => this.cluster.token(user),
      doors: this.cluster.nodes,
      random: this.random,
      ...options,
    });
    this.clients.push(client);
    return client;
  }

  /** Connects everybody and makes the private room. */
  async settle(): Promise<void> {
    const writers = Array.from({ length: writerCount }, (_, index) =>
      this.add(`writer-${index + 1}`, { pipeline: index === writerCount - 1 ? 4 : 1 }),
    );
    const churner = this.add("churner", { askAgainMs: 250 });
    const stranger = this.add("stranger", { askAgainMs: 500 });
    // One on each node, whatever happens to the others.
    const watchers = this.cluster.nodes.map((node, index) =>
      this.add(`watcher-${index + 1}`, { doors: [node] }),
    );
    await Promise.all(this.clients.map((client) => client.start()));
    const [owner] = writers;
    const made = await owner?.ask({ type: "create_room", kind: "private", title: "Secret" });
    const result = made?.["result"] as { readonly room: string } | undefined;
    if (result === undefined) throw new Error(`no private room: ${JSON.stringify(made)}`);
    this.secret = result.room;
    for (const writer of writers.slice(1)) await this.#admit(writer.user);
    await this.#turn();
    for (const writer of writers) {
      for (const room of publicRooms) await writer.watch(room);
      await writer.watch(this.secret);
    }
    for (const watcher of watchers) await watcher.watch("lobby", true);
    await churner.watch(this.secret);
    await churner.watch("lobby");
    await stranger.watch(this.secret);
    await stranger.watch(absentRoom);
    for (const name of ["sdk-1", "sdk-two"]) {
      this.sdk.push(await SdkClient.start(name, this.cluster, publicRooms));
    }
  }

  /** A guest whose session will be ended, and one whose token runs out. Both read along. */
  async addMortals(options: { readonly lifeS: number }): Promise<void> {
    this.#revoked += 1;
    const node = this.random.pick(this.cluster.running);
    const name = `guest-${this.#revoked}`;
    const guest = await this.cluster.rest<{ user: { id: string }; token: string }>(
      node,
      "POST",
      "/guests",
      undefined,
      { name },
    );
    const session = this.add(name, { user: guest.user.id, token: () => guest.token });
    const endsAt = Math.floor(Date.now() / 1_000 + options.lifeS);
    const short = `short-${this.#revoked}`;
    const token = this.cluster.token(`p-${short}`, endsAt - Math.floor(Date.now() / 1_000));
    const passing = this.add(short, { token: () => token });
    await Promise.all([session.start(), passing.start()]);
    for (const client of [session, passing]) {
      await client.watch("lobby");
      client.writer.publish("lobby");
    }
    const expiresIn = endsAt * 1_000 - Date.now();
    this.revocations.push({ client: short, at: performance.now() + expiresIn });
  }

  /** The last guest signs out at some node; from then on its token is worth nothing anywhere. */
  async revokeGuest(): Promise<void> {
    const client = this.named(`guest-${this.#revoked}`);
    const token = client.token();
    if (token === undefined) return;
    await this.cluster.rest(
      this.random.pick(this.cluster.running),
      "DELETE",
      "/sessions/current",
      token,
    );
    this.revocations.push({ client: client.name, at: performance.now() });
  }

  // --- Doings -----------------------------------------------------------------------------------------

  /** Everybody begins to do what they do. */
  begin(): void {
    this.#isBusy = true;
    const rooms = [...publicRooms, this.secret];
    this.#every(pace.publish, () => {
      const writer = this.random.pick(this.writers);
      const padding = this.random.chance(0.03) ? "x".repeat(this.random.between(1, 12_000)) : "";
      if (writer.writer.outstanding < 200) writer.writer.publish(this.random.pick(rooms), padding);
    });
    this.#every(pace.sdk, () => {
      const client = this.random.pick(this.sdk);
      if (client.outstanding < 100) client.publish(this.random.pick(publicRooms));
    });
    this.#every(pace.balance, () => {
      for (const client of this.sdk) client.balance(this.random.chance(0.2));
    });
    this.#every(pace.drop, () => this.random.pick(this.writers).drop());
    this.#every(pace.mark, async () => {
      const reader = this.random.pick(this.writers);
      const offset = reader.placeIn(this.secret)?.offset ?? 0;
      const sequence = this.random.between(0, offset);
      await reader.ask({ type: "mark_read", room: this.secret, sequence });
    });
    this.#every(pace.typing, async () => {
      const writer = this.random.pick(this.writers);
      await writer.ask({ type: "typing", room: this.secret, active: true });
    });
    this.#every(pace.membership, () => this.#turn());
    this.#every(pace.page, async () => {
      const stranger = this.named("stranger");
      await stranger.page(this.random.pick([this.secret, absentRoom]));
      await this.random.pick(this.writers).page(this.random.pick(rooms), { limit: 20 });
      await this.named("churner").page(this.secret, { limit: 20 });
    });
  }

  /** Everybody stops to begin anything new. Resolves when what was begun is over. */
  async end(): Promise<void> {
    this.#isBusy = false;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#underway);
  }

  /** Ends all lines. */
  async leave(): Promise<void> {
    for (const client of this.clients) client.stop();
    await this.end();
    await Promise.all(this.sdk.map((client) => client.close()));
  }

  #every(ms: number, act: () => void | Promise<void>): void {
    const again = (): void => {
      if (!this.#isBusy) return;
      const timer = setTimeout(
        () => {
          this.#timers.delete(timer);
          const done = Promise.resolve(act()).then(() => {
            this.#underway.delete(done);
            again();
          });
          this.#underway.add(done);
        },
        this.random.between(ms * 0.5, ms * 1.5),
      );
      this.#timers.add(timer);
    };
    again();
  }

  /** The owner puts the one who comes and goes out, or lets them in. */
  async #turn(): Promise<void> {
    const { user } = this.named("churner");
    if (this.#isIn) await this.#putOut(user);
    else await this.#admit(user);
  }

  /** Ends in the one being in, so that they have everything at the end. */
  async letIn(): Promise<void> {
    while (!this.#isIn) await this.#turn();
  }

  /** Puts the one who comes and goes out now. @returns when that was confirmed; undefined if it was not. */
  async putOut(): Promise<number | undefined> {
    await this.letIn();
    await this.#turn();
    return this.changes.at(-1)?.confirmedAt;
  }

  async #admit(user: string): Promise<void> {
    const command = { type: "add_member", user, role: "member" };
    const code = await this.#change(user, true, command);
    if (code === "ok" && user === this.named("churner").user) this.#isIn = true;
  }

  async #putOut(user: string): Promise<void> {
    await this.#change(user, false, { type: "remove_member", user });
    // Also where no answer came: they may be out. Whoever is let in once more stays what they are.
    this.#isIn = false;
  }

  async #change(
    user: string,
    isMember: boolean,
    command: Readonly<Record<string, unknown>>,
  ): Promise<string> {
    const change: MembershipChange = {
      room: this.secret,
      user,
      isMember,
      askedAt: performance.now(),
      confirmedAt: undefined,
      sequence: undefined,
    };
    this.changes.push(change);
    const answer = await this.named("writer-1").ask({ ...command, room: this.secret });
    const code = codeOf(answer);
    const isSo = code === "ok" || (code === "not_found" && !isMember);
    if (isSo) {
      change.confirmedAt = performance.now();
      const result = answer?.["result"] as { readonly sequence: number } | undefined;
      change.sequence = result?.sequence;
    } else await new Promise((resolve) => setTimeout(resolve, 100));
    return code;
  }
}
