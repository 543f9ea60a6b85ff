/**
 * Cuts what a broker sends to one connection into whole units of its protocol, so that a test can lose, repeat, move
 * or garble a message and leave everything else as it is. Only what the product's drivers make the brokers say.
 */

/** Bytes that belong together. `message` is set for what somebody published. */
export interface Unit {
  readonly bytes: Buffer;
  readonly message?: MessagePart;
}

/** Where in a unit the published bytes are. */
export interface MessagePart {
  readonly start: number;
  readonly end: number;
}

/** Takes bytes as they come and gives the units that are whole. */
export type Splitter = (bytes: Buffer) => Unit[];

/** By broker. */
export const splitters: Readonly<Record<"redis" | "rabbitmq" | "nats", () => Splitter>> = {
  redis: () => splitter(redisUnit),
  nats: () => splitter(natsUnit),
  rabbitmq: () => joinDeliveries(splitter(amqpFrame)),
};

/** The unit at the beginning, or undefined where it is not whole yet. */
type Cut = (bytes: Buffer) => Unit | undefined;

function splitter(cut: Cut): Splitter {
  let waiting: Buffer = Buffer.alloc(0);
  return (bytes) => {
    waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
    const units: Unit[] = [];
    for (;;) {
      const unit = waiting.length === 0 ? undefined : cut(waiting);
      if (unit === undefined) return units;
      units.push(unit);
      waiting = waiting.subarray(unit.bytes.length);
    }
  };
}

function lineEnd(bytes: Buffer, from: number): number {
  return bytes.indexOf("\r\n", from);
}

/** RESP 2 and 3: one reply or push. */
function redisUnit(bytes: Buffer): Unit | undefined {
  const end = respEnd(bytes, 0);
  if (end === undefined) return undefined;
  const unit = bytes.subarray(0, end);
  const isMessage = /^[*>]3\r\n\$7\r\nmessage\r\n/.test(unit.toString("latin1", 0, 24));
  if (!isMessage) return { bytes: unit };
  // `$<length>\r\n<channel>\r\n$<length>\r\n<payload>\r\n` follows.
  const channel = unit.indexOf("message\r\n") + 9;
  const payload = respEnd(unit, channel) ?? end;
  return { bytes: unit, message: { start: lineEnd(unit, payload) + 2, end: end - 2 } };
}

function respEnd(bytes: Buffer, from: number): number | undefined {
  const line = lineEnd(bytes, from);
  if (line < 0) return undefined;
  const type = String.fromCharCode(bytes[from] ?? 0);
  const length = Number(bytes.toString("latin1", from + 1, line));
  if (type === "$" || type === "=" || type === "!") {
    const end = length < 0 ? line + 2 : line + 2 + length + 2;
    return end <= bytes.length ? end : undefined;
  }
  if (type !== "*" && type !== ">" && type !== "~" && type !== "%") return line + 2;
  let end: number | undefined = line + 2;
  for (let left = type === "%" ? length * 2 : length; left > 0; left -= 1) {
    end = respEnd(bytes, end);
    if (end === undefined) return undefined;
  }
  return end;
}

/** NATS: one line, with a payload behind `MSG` and `HMSG`. */
function natsUnit(bytes: Buffer): Unit | undefined {
  const line = lineEnd(bytes, 0);
  if (line < 0) return undefined;
  const words = bytes.toString("latin1", 0, line).split(" ");
  const verb = words[0]?.toUpperCase();
  if (verb !== "MSG" && verb !== "HMSG") return { bytes: bytes.subarray(0, line + 2) };
  const length = Number(words.at(-1));
  const head = verb === "HMSG" ? Number(words.at(-2)) : 0;
  const end = line + 2 + length + 2;
  if (end > bytes.length) return undefined;
  return { bytes: bytes.subarray(0, end), message: { start: line + 2 + head, end: end - 2 } };
}

/** AMQP 0-9-1 §4.2.3: type, channel, size, payload, 0xCE. */
function amqpFrame(bytes: Buffer): Unit | undefined {
  if (bytes.length < 7) return undefined;
  const end = 7 + bytes.readUInt32BE(3) + 1;
  return end <= bytes.length ? { bytes: bytes.subarray(0, end) } : undefined;
}

const [methodFrame, headerFrame, bodyFrame] = [1, 2, 3];
/** `basic.deliver`. */
const [basicClass, deliverMethod] = [60, 60];

/** A delivery is a method frame, a header frame and as many body frames as the header says bytes. */
function joinDeliveries(split: Splitter): Splitter {
  let parts: Buffer[] = [];
  let left = 0;
  const begins = (frame: Buffer): boolean =>
    frame[0] === methodFrame &&
    frame.readUInt16BE(7) === basicClass &&
    frame.readUInt16BE(9) === deliverMethod;
  return (bytes) =>
    split(bytes).flatMap(({ bytes: frame }): Unit[] => {
      if (begins(frame)) {
        parts = [frame];
        left = -1;
        return [];
      }
      if (parts.length === 0) return [{ bytes: frame }];
      // Heartbeats and answers come in between on channel 0.
      if (frame[0] === headerFrame) left = Number(frame.readBigUInt64BE(11));
      else if (frame[0] === bodyFrame) left -= frame.length - 8;
      else return [{ bytes: frame }];
      parts.push(frame);
      if (left > 0) return [];
      const before = parts.slice(0, 2).reduce((sum, part) => sum + part.length, 0);
      const whole = Buffer.concat(parts);
      parts = [];
      const isEmpty = whole.length === before;
      return [
        {
          bytes: whole,
          message: isEmpty
            ? { start: before, end: before }
            : { start: before + 7, end: whole.length - 1 },
        },
      ];
    });
}
