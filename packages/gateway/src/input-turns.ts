/**
 * Keeps one connection's input from taking a whole turn of the event loop: who has sent many frames in it is not
 * read any further before the others had theirs. The system reads a busy socket up to 32 times in a row, so
 * without this a flood of small frames makes everybody else wait for megabytes of it.
 */

/** Frames of one connection in one turn. What was read already is still handled: at most one more read. */
const framesPerTurn = 64;

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
  #held: TurnInput[] = [];

  /** To be called for each frame that came in. */
  count(input: TurnInput): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#next);
    }
    if (input.inputTurn !== this.#turn) {
      input.inputTurn = this.#turn;
      input.inputFrames = 0;
    }
    input.inputFrames += 1;
    if (input.inputFrames !== framesPerTurn) return;
    this.#held.push(input);
    input.holdInput();
  }

  readonly #next = (): void => {
    this.#isScheduled = false;
    this.#turn += 1;
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    for (const input of held) input.releaseInput();
  };
}
