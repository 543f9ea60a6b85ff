/** The hand that breaks a world, and the people who go on talking in it. */
import type { ModelClient } from "./client.ts";
import { den, lobby, type Slot, type World } from "./world.ts";

/** Mean time between two actions of one client, and between two faults, in milliseconds. */
const actionMs = 350;
const faultMs = 450;

/** Random actions of clients and random faults, until the world's chaos ends. */
export class Chaos {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Clients talk, everything breaks, for so long. At least one crash is among it. */
  begin(chaosMs: number): void {
    this.#world.isChaos = true;
    const random = this.#world.random;
    Object.assign(this.#world.store.faults, {
      refuseRate: random.pick([0, 0.02]),
      unknownRate: random.pick([0, 0.06]),
      maxDelayMs: random.pick([3, 20, 150]),
    });
    Object.assign(this.#world.broker.faults, {
      loseRate: random.pick([0, 0.2, 1]),
      doubleRate: random.pick([0, 0.3]),
      maxDelayMs: random.pick([5, 60, 400]),
    });
    for (const client of this.#world.clients) this.#act(client);
    this.#break();
    const crashAt = random.between(1_000, chaosMs - 1_000);
    this.#world.scheduler.after(crashAt, "planned crash", () =>
      this.#crash(random.pick(this.#world.slots)),
    );
    if (random.chance(0.2)) {
      const at = random.between(1_000, chaosMs - 1_000);
      this.#world.scheduler.after(at, "planned restore", () => this.#restore());
    }
  }

  #act(client: ModelClient): void {
    this.#world.scheduler.after(
      this.#world.random.between(1, 2 * actionMs),
      `${client.name} acts`,
      () => {
        if (!this.#world.isChaos) return;
        if (!client.isOver) this.#actOnce(client);
        this.#act(client);
      },
    );
  }

  #actOnce(client: ModelClient): void {
    const random = this.#world.random;
    const room = random.pick(client.rooms);
    const roll = random.next();
    if (roll < 0.7) {
      // A burst now and then, and long texts, so that budgets are passed.
      const burst = random.chance(0.15) ? random.between(4, 12) : 1;
      for (let index = 0; index < burst; index += 1) {
        client.publish(room, "é".repeat(random.chance(0.3) ? random.between(100, 700) : 0));
      }
    } else if (!client.isOnline) return;
    else if (roll < 0.76) client.history(room);
    else if (roll < 0.82) client.ask({ type: "typing", room, active: true }, () => {});
    else if (roll < 0.87) {
      const sequence = random.between(0, this.#world.checker.head(room));
      client.ask({ type: "mark_read", room, sequence }, () => {});
    } else if (roll < 0.92)
      client.ask({ type: random.pick(["join", "leave"]), room: lobby }, () => {});
    else if (roll < 0.96) client.refresh();
    else client.repeatLast(room);
  }

  #break(): void {
    this.#world.scheduler.after(this.#world.random.between(1, 2 * faultMs), "fault", () => {
      if (!this.#world.isChaos) return;
      this.#breakOnce();
      this.#break();
    });
  }

  #breakOnce(): void {
    const random = this.#world.random;
    const roll = random.next();
    const slot = random.pick(this.#world.slots);
    const client = random.pick(this.#world.clients);
    if (roll < 0.38) {
      this.#world.faults.cut += 1;
      client.hangUp(random.between(0, 3_000));
    } else if (roll < 0.44) this.#crash(slot);
    else if (roll < 0.5) this.#pause(slot);
    else if (roll < 0.55) this.#outage();
    else if (roll < 0.62) this.#partition(slot);
    else if (roll < 0.74) this.#slowDown(client);
    else if (roll < 0.78) this.#jump(slot);
    else if (roll < 0.95) this.#kickOrBringBack();
    else this.#world.revoke(random.pick(this.#world.clients.slice(1)));
  }

  #crash({ host, node, ...slot }: Slot): void {
    const own = this.#world.slots.find((candidate) => candidate.name === slot.name);
    if (own === undefined || node === undefined || host.isDead) return;
    this.#world.faults.crash += 1;
    own.node = undefined;
    host.isDead = true;
    host.held = [];
    for (const link of this.#world.links) {
      if (link.host !== host) continue;
      this.#world.links.delete(link);
      this.#world.scheduler.after(this.#world.random.between(0, 5), "reset by peer", () =>
        link.cut(0),
      );
    }
    this.#world.scheduler.after(this.#world.random.between(100, 2_500), "start", () =>
      this.#world.start(own),
    );
  }

  #pause({ host }: Slot): void {
    if (host.isDead || host.isPaused) return;
    this.#world.faults.pause += 1;
    host.isPaused = true;
    host.pausedAt = this.#world.scheduler.now;
    const forMs = this.#world.random.between(200, 8_000);
    this.#world.scheduler.after(forMs, "continue", () => this.#world.continue(host));
  }

  #outage(): void {
    const { faults } = this.#world.store;
    if (faults.isDown) return;
    this.#world.faults.outage += 1;
    faults.isDown = true;
    this.#world.scheduler.after(this.#world.random.between(200, 3_000), "database back", () =>
      this.#world.databaseBack(),
    );
  }

  #partition({ host }: Slot): void {
    this.#world.faults.partition += 1;
    this.#world.broker.cut(host, true, false);
    const isLoud = this.#world.random.chance(0.5);
    const back = (): void => this.#world.broker.cut(host, false, isLoud);
    this.#world.scheduler.after(this.#world.random.between(500, 4_000), "broker heals", back);
  }

  #slowDown(client: ModelClient): void {
    const isStop = this.#world.random.chance(0.5);
    this.#world.faults[isStop ? "stopReading" : "slowReading"] += 1;
    client.readRate = isStop ? 0 : this.#world.random.between(20, 400);
    const back = (): void => this.#world.readOn(client);
    this.#world.scheduler.after(this.#world.random.between(300, 7_000), "reads on", back);
  }

  /* Seconds, not hours: expiry is judged by this clock, and short tokens live for seconds. */
  #jump({ host }: Slot): void {
    this.#world.faults.clockJump += 1;
    host.wallOffset = this.#world.random.between(-2_000, 2_000);
    host.healthySince = this.#world.scheduler.now;
    host.pausedForMs = 0;
  }

  #kickOrBringBack(): void {
    const room = this.#world.privateRoom;
    const owner = this.#world.owner();
    const client = this.#world.random.pick(this.#world.clients.slice(1));
    if (room === undefined) return;
    if (!this.#world.checker.isMember(room, client.user)) {
      if (!owner.isOnline || this.#world.tampering.kick !== undefined) return;
      owner.ask({ type: "add_member", room, user: client.user }, () => client.read(room));
    } else if (this.#world.tampering.kick === undefined) {
      if (!owner.isOnline) return;
      this.#world.faults.kick += 1;
      owner.ask({ type: "remove_member", room, user: client.user }, () => {});
    } else {
      this.#world.faults.kick += 1;
      this.#world.tampering.kick(
        room,
        client.user,
        this.#world.tools(() => {}),
      );
      this.#world.checker.kickConfirmed(room, client.user);
    }
  }

  /* A failover that lost the newest commits of a room: the nodes live through it. */
  #restore(): void {
    const room = this.#world.random.pick([lobby, den]);
    const head = this.#world.checker.head(room);
    if (head === 0) return;
    this.#world.faults.restore += 1;
    this.#world.store.restore(room, Math.max(0, head - this.#world.random.between(0, 6)));
  }
}
