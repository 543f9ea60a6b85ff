/**
 * Keeps one connection's input from taking a whole turn of the event loop: who has sent many frames in it is not
 * read any further before the others had theirs. The system reads a busy socket up to 32 times in a row, so
 * without this a flood of small frames makes everybody else wait for megabytes of it.
 */

/** Frames of one connection in one turn. What was read already is still handled: at most one more read. */
const framesPerTurn = 64;
/* Of those that are held one is read on in each turn, in the order in which they were held: one read may bring hundreds of
 * small frames, and a turn with ten such reads in it would be tens of milliseconds long for everybody. */

/** A connection's part. */
export interface TurnInput {
  /** Stops to read. */
  holdInput(): void;
  /** Reads on, in the next turn. */
  releaseInput(): void;
  /** For `InputTurns`. */
  inputTurn: number;
  /** For `InputTurns`. */
  inputFrames: number;
}

export class InputTurns {
  #turn = 1;
  #isScheduled = false;
  readonly #held: TurnInput[] = [];

  /** To be called for each frame that came in. */
  count(input: TurnInput): void {
    this.#schedule();
    if (input.inputTurn !== this.#turn) {
      input.inputTurn = this.#turn;
      input.inputFrames = 0;
    }
    input.inputFrames += 1;
    if (input.inputFrames !== framesPerTurn) return;
    this.#held.push(input);
    input.holdInput();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#isScheduled = false;
    this.#turn += 1;
    this.#held.shift()?.releaseInput();
    if (this.#held.length > 0) this.#schedule();
  };
}
