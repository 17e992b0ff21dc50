import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fakeTerminal } from "../terminal.support.test.js";
import { painter } from "./colours.js";
import { humanSize, isoTime, listTime, nameFor } from "./formatting.js";

describe("for people", () => {
  test("a size has two or three digits and a unit", () => {
    const cases: [number, string][] = [
      [0, "0 B"],
      [1023, "1023 B"],
      [1024, "1.0 KiB"],
      [10_188, "9.9 KiB"],
      [10_189, "10 KiB"],
      [1024 * 1024 - 1, "1.0 MiB"],
      [1_610_612_736, "1.5 GiB"],
      [Number.MAX_SAFE_INTEGER, "8.0 PiB"],
    ];
    for (const [bytes, expected] of cases) assert.equal(humanSize(bytes), expected);
  });

  test("a time is local, with the year where the time of day does not matter", () => {
    const now = new Date(2026, 10, 20, 21, 5).getTime();
    assert.equal(listTime(new Date(2026, 10, 9, 3, 7).getTime(), now), "Nov  9 03:07");
    assert.equal(listTime(new Date(2026, 10, 9, 3, 7).getTime(), now, "day"), "Nov  9  2026");
    assert.equal(listTime(new Date(2024, 0, 31).getTime(), now), "Jan 31  2024");
    assert.equal(listTime(new Date(2027, 0, 31).getTime(), now), "Jan 31  2027");
    assert.equal(isoTime(Date.UTC(2026, 10, 20, 21, 5)), "2026-11-20T21:05:00.000Z");
    assert.equal(isoTime(Number.POSITIVE_INFINITY), undefined);
    assert.equal(isoTime(9e15), undefined);
  });

  test("a name never steers the terminal, and keeps its bytes in a pipe", () => {
    const terminal = fakeTerminal({ columns: 80 }).output;
    const pipe = fakeTerminal().output;
    assert.equal(nameFor(terminal, "\u001b[2Ja\tb\u009b"), "\\x1b[2Ja\\x09b\\u009b");
    assert.equal(nameFor(pipe, "\u001b[2J"), "\\x1b[2J");
    assert.equal(nameFor(terminal, "gr\udcfcn"), "gr\\xfcn");
    assert.equal(nameFor(pipe, "gr\udcfcn"), "gr\udcfcn");
    assert.equal(nameFor(terminal, "a\\b é🙂"), "a\\b é🙂");
    assert.equal(nameFor(terminal, "a\\b\u001b"), "a\\b\\x1b");
  });
});

describe("colours", () => {
  const folder = { name: "docs", type: "directory" } as const;
  const picture = { name: "a.JPG", type: "file" } as const;

  test("are for terminals only, and not where NO_COLOR or TERM says so", () => {
    for (const o of [
      {},
      { columns: 80, environment: { NO_COLOR: "1" } },
      { columns: 80, environment: { TERM: "dumb" } },
    ]) {
      assert.equal(painter(fakeTerminal(o))("docs", folder), "docs");
    }
    assert.equal(painter(fakeTerminal({ columns: 80 }))("docs", folder), "\u001b[01;34mdocs\u001b[0m");
  });

  test("are those of LS_COLORS, of which nothing but colours is taken", () => {
    const LS_COLORS = "di=35:*.jpg=01;31:ln=target:ex=\u001b]0;x:fi=";
    const paint = painter(fakeTerminal({ columns: 80, environment: { LS_COLORS } }));
    assert.equal(paint("docs", folder), "\u001b[35mdocs\u001b[0m");
    assert.equal(paint("a", picture), "\u001b[01;31ma\u001b[0m");
    assert.equal(paint("run", { name: "run", type: "file", mode: 0o755 }), "run");
    assert.equal(paint("link", { name: "link", type: "link" }), "link");
  });
});
