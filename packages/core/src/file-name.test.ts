import { describe, expect, test } from "vitest";
import { harmlessFileName, harmlessMediaType } from "./file-name.ts";

describe("[U1] names", () => {
  test.each([
    ["plan.txt", "plan.txt"],
    ["Übersicht 2026 – Müller.pdf", "Übersicht 2026 – Müller.pdf"],
    ["写真.png", "写真.png"],
    ["../../etc/passwd", "passwd"],
    ["..\\..\\boot.ini", "boot.ini"],
    ["C:\\Users\\x\\a.txt", "a.txt"],
    ["C:x", "x"],
    ["a/b/", "b"],
    [".htaccess", "htaccess"],
    ["...", "file"],
    ["", "file"],
    ["   ", "file"],
    ["/", "file"],
    ["..", "file"],
    ["a\0b.txt", "ab.txt"],
    ["a\r\nSet-Cookie: x", "aSet-Cookie_ x"],
    ["photo\u202egpj.exe", "photogpj.exe"],
    ["zero\u200bwidth", "zerowidth"],
    ["CON", "_CON"],
    ["nul.txt", "_nul.txt"],
    ["com1.tar.gz", "_com1.tar.gz"],
    ["console.log", "console.log"],
    ['a"b<c>d|e?f*g:h', "a_b_c_d_e_f_g_h"],
    ["ends. . ", "ends"],
    ["lone \ud800 half", "lone \ufffd half"],
  ])("%j is kept as %j", (given, kept) => {
    expect(harmlessFileName(given)).toBe(kept);
  });

  test("a long one keeps its ending, and no character is cut in two", () => {
    const name = harmlessFileName(`${"語".repeat(300)}.tar.gz`);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    expect(name).toMatch(/^語+\.gz$/);
    expect(Buffer.byteLength(harmlessFileName("x".repeat(1_000)))).toBe(255);
    expect(harmlessFileName(`a.${"y".repeat(1_000)}`)).toHaveLength(255);
    expect(harmlessFileName("🦊".repeat(200)).isWellFormed()).toBe(true);
  });
});

describe("[U2] types", () => {
  test.each(["image/png", "IMAGE/JPEG", "audio/ogg", "video/mp4", "application/pdf", "text/plain"])(
    "%s is told as given",
    (type) => expect(harmlessMediaType(type)).toBe(type.toLowerCase()),
  );
  test.each([
    "text/html",
    "image/svg+xml",
    "application/xhtml+xml",
    "text/xml",
    "application/javascript",
    "audio/x+xml",
    "video/../html",
    undefined,
  ])("%s is not", (type) => {
    expect(harmlessMediaType(type)).toBe("application/octet-stream");
  });
});
