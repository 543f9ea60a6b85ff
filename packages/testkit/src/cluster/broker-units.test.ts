import { describe, expect, test } from "vitest";
import { Random } from "../simulation/random.ts";
import { splitters, type Unit } from "./broker-units.ts";
import { MessageRelay } from "./message-relay.ts";

function amqp(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7);
  head[0] = type;
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

function amqpDelivery(body: Buffer, frameBytes = 1_000): Buffer {
  const deliver = Buffer.concat([Buffer.from([0, 60, 0, 60]), Buffer.from("tag and so on")]);
  const header = Buffer.alloc(14);
  header.writeUInt16BE(60, 0);
  header.writeBigUInt64BE(BigInt(body.length), 4);
  const bodies: Buffer[] = [];
  for (let from = 0; from < body.length; from += frameBytes) {
    bodies.push(amqp(3, 1, body.subarray(from, from + frameBytes)));
  }
  return Buffer.concat([amqp(1, 1, deliver), amqp(2, 1, header), ...bodies]);
}

const cases = {
  redis: {
    stream: [
      Buffer.from("+OK\r\n"),
      Buffer.from("*3\r\n$9\r\nsubscribe\r\n$3\r\na:b\r\n:1\r\n"),
      Buffer.from("*3\r\n$7\r\nmessage\r\n$3\r\na:b\r\n$7\r\nx\r\ny\r\nz\r\n"),
      Buffer.from(">3\r\n$7\r\nmessage\r\n$3\r\na:b\r\n$0\r\n\r\n"),
      Buffer.from("%1\r\n+server\r\n$5\r\nredis\r\n"),
      Buffer.from("$-1\r\n"),
    ],
    messages: ["x\r\ny\r\nz", ""],
  },
  nats: {
    stream: [
      Buffer.from('INFO {"max_payload":1048576}\r\n'),
      Buffer.from("MSG a.b 1 7\r\nx\r\ny\r\nz\r\n"),
      Buffer.from("PING\r\n"),
      Buffer.from("HMSG a.b 1 12 15\r\nNATS/1.0\r\n\r\nabc\r\n"),
      Buffer.from("+OK\r\n"),
    ],
    messages: ["x\r\ny\r\nz", "abc"],
  },
  rabbitmq: {
    stream: [
      amqp(1, 1, Buffer.from([0, 60, 0, 21, 1, 2])),
      amqpDelivery(Buffer.from("one")),
      amqp(8, 0, Buffer.alloc(0)),
      amqpDelivery(Buffer.from("")),
      amqpDelivery(Buffer.from("y".repeat(10))),
    ],
    messages: ["one", "", "y".repeat(10)],
  },
} as const;

function messages(units: readonly Unit[]): string[] {
  return units.flatMap(({ bytes, message }) =>
    message === undefined ? [] : [bytes.toString("latin1", message.start, message.end)],
  );
}

describe.each(["redis", "nats", "rabbitmq"] as const)("units of %s", (broker) => {
  const { stream, messages: wanted } = cases[broker];
  const whole = Buffer.concat(stream);

  test("every unit is found, wherever the bytes are cut", () => {
    for (const size of [1, 2, 3, 7, 64, whole.length]) {
      const split = splitters[broker]();
      const units: Unit[] = [];
      for (let from = 0; from < whole.length; from += size) {
        units.push(...split(whole.subarray(from, from + size)));
      }
      expect(Buffer.concat(units.map(({ bytes }) => bytes))).toEqual(whole);
      expect(messages(units)).toEqual(wanted);
    }
  });

  test("a relay without faults changes nothing, and with them only messages", () => {
    const relay = new MessageRelay(broker, new Random(1));
    const pass = (): Buffer => {
      const { toClient } = relay.inspector({ cut() {}, hold() {}, resume() {} });
      const sent: Buffer[] = [];
      toClient?.(whole, (bytes) => sent.push(bytes));
      return Buffer.concat(sent);
    };
    expect(pass()).toEqual(whole);
    relay.faults.lost = 1;
    const kept = splitters[broker]()(pass());
    expect(messages(kept)).toEqual([]);
    expect(kept).toHaveLength(stream.length - wanted.length);
    relay.heal();
    relay.faults.repeated = 1;
    expect(messages(splitters[broker]()(pass()))).toEqual(wanted.flatMap((m) => [m, m, m]));
    relay.heal();
    relay.faults.garbled = 1;
    const garbled = splitters[broker]()(pass());
    expect(garbled).toHaveLength(stream.length);
    expect(messages(garbled)).not.toEqual(wanted);
    relay.heal();
    relay.faults.late = 1;
    expect(messages(splitters[broker]()(pass()))).toEqual([]);
    expect(relay.counts.late).toBe(wanted.length);
  });
});

test("a body of several frames of AMQP is one message", () => {
  const split = splitters.rabbitmq();
  const units = split(amqpDelivery(Buffer.from("z".repeat(2_500))));
  expect(units).toHaveLength(1);
  expect(units[0]?.message).toBeDefined();
});
