/**
 * Virtual time: what happens is a queue of tasks, run one by one in order of time and then of asking. After each,
 * every promise that it settled has run on before the next begins, so a run depends on nothing but its seed.
 */

/** Something that can stop and die: a node's process. Tasks of a paused host wait, those of a dead one are gone. */
export interface Host {
  readonly name: string;
  isDead: boolean;
  isPaused: boolean;
  /** Tasks that came due while it was paused. */
  held: Task[];
}

export interface Task {
  readonly at: number;
  readonly order: number;
  readonly label: string;
  readonly host: Host | undefined;
  readonly run: () => void;
  isCancelled: boolean;
}

export class Scheduler {
  /** Milliseconds since the run began. */
  now = 0;
  /** Tasks run so far. */
  steps = 0;
  readonly #queue: Task[] = [];
  #order = 0;
  #trace = 0x811c9dc5;

  /** A number that differs (nearly surely) where two runs differ in any step. */
  get trace(): number {
    return this.#trace >>> 0;
  }

  /** Runs a task after `delayMs`, an integer. Tasks of one moment run in the order of these calls. */
  after(delayMs: number, label: string, run: () => void, host?: Host): Task {
    this.#order += 1;
    const at = this.now + Math.max(0, delayMs);
    const task = { at, order: this.#order, label, host, run, isCancelled: false };
    this.#push(task);
    return task;
  }

  /**
   * Lets a paused host go on: first whatever `isFirst` says, then the rest, each in the order it came due and
   * before anything that comes due now.
   */
  resume(host: Host, isFirst: (task: Task) => boolean): void {
    host.isPaused = false;
    const held = host.held;
    host.held = [];
    for (const task of held) {
      if (task.isCancelled) continue;
      const order = isFirst(task) ? task.order - this.#order : task.order;
      this.#push({ ...task, at: this.now, order });
    }
  }

  /** Runs tasks until the queue is empty or virtual time reaches `until`. `afterStep` sees each state between. */
  async runUntil(until: number, afterStep: () => void): Promise<void> {
    for (;;) {
      const task = this.#queue[0];
      if (task === undefined || task.at > until) break;
      this.#pop();
      if (task.isCancelled || task.host?.isDead === true) continue;
      if (task.host?.isPaused === true) {
        task.host.held.push(task);
        continue;
      }
      this.now = task.at;
      this.steps += 1;
      this.mark(task.host === undefined ? task.label : `${task.host.name} ${task.label}`);
      task.run();
      await new Promise<void>((resolve) => setImmediate(resolve));
      afterStep();
    }
    this.now = until;
  }

  /** Adds something that happened to the trace. */
  mark(text: string): void {
    let hash = this.#trace ^ this.now;
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    this.#trace = hash;
  }

  #push(task: Task): void {
    const queue = this.#queue;
    let index = queue.length;
    queue.push(task);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = queue[parent];
      if (above === undefined || !isBefore(task, above)) break;
      queue[index] = above;
      index = parent;
    }
    queue[index] = task;
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop();
    if (last === undefined || queue.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [leftTask, rightTask] = [queue[left], queue[left + 1]];
      if (leftTask === undefined) break;
      const isRight = rightTask !== undefined && isBefore(rightTask, leftTask);
      const smaller = isRight ? rightTask : leftTask;
      if (!isBefore(smaller, last)) break;
      queue[index] = smaller;
      index = isRight ? left + 1 : left;
    }
    queue[index] = last;
  }
}

function isBefore(left: Task, right: Task): boolean {
  return left.at === right.at ? left.order < right.order : left.at < right.at;
}
