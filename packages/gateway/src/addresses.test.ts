import { expect, test } from "vitest";
import { AddressCount } from "./addresses.ts";

test("one address has its share, and gets a place back for each that it gives up", () => {
  const count = new AddressCount(2);
  expect(count.take("192.0.2.1")).toBe(true);
  expect(count.take("192.0.2.1")).toBe(true);
  expect(count.take("192.0.2.1")).toBe(false);
  expect(count.take("192.0.2.2")).toBe(true);
  count.release("192.0.2.1");
  expect(count.take("192.0.2.1")).toBe(true);
});

test("the addresses of one IPv6 network count as one", () => {
  const count = new AddressCount(1);
  expect(count.take("2001:db8:0:1::5")).toBe(true);
  expect(count.take("2001:db8:0:1:aaaa:bbbb:cccc:dddd")).toBe(false);
  expect(count.take("2001:db8:0:2::5")).toBe(true);
  expect(count.take("2001:db8::5")).toBe(true);
  expect(count.take("2001:db8:0:0:ffff::1")).toBe(false);
  expect(count.take("fe80::1%eth0")).toBe(true);
  expect(count.take("fe80::2%eth1")).toBe(false);
});

test("an IPv4 address is the same on an IPv6 socket", () => {
  const count = new AddressCount(1);
  expect(count.take("::ffff:192.0.2.1")).toBe(true);
  expect(count.take("192.0.2.1")).toBe(false);
});

test("this machine is not limited, and nobody is where the limit is 0", () => {
  const local = new AddressCount(1);
  const open = new AddressCount(0);
  for (let index = 0; index < 5; index++) {
    expect(local.take("127.0.0.1")).toBe(true);
    expect(local.take("::1")).toBe(true);
    expect(open.take("192.0.2.1")).toBe(true);
  }
});
