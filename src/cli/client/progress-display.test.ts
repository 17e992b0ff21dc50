import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import fc from "fast-check";
import type { Terminal } from "../terminal.js";
import { fakeTerminal } from "../terminal.support.test.js";
import { displayWidth } from "../text-width.js";
import { type ProgressDisplay, progressDisplay } from "./progress-display.js";
import { type ProgressRow, progressLines } from "./progress-line.js";
import { Screen } from "./screen.support.test.js";
import type { BarProgress } from "./transfer-bar.js";

const MIB = 1024 * 1024;

function progress(bytes: number, total: number | undefined, more: Partial<BarProgress> = {}): BarProgress {
  return { bytes, start: 0, total, rate: 3.4 * MIB, eta: 4000, ...more };
}

const row = (name: string, bytes: number, total: number | undefined): ProgressRow => ({
  name,
  bytes,
  total,
  rate: 3.4 * MIB,
  eta: total === undefined ? undefined : 64_000,
});

describe("a line of progress", () => {
  const film = row("film.mkv", 12.3 * MIB, 27.5 * MIB);

  test("has what there is room for", () => {
    const shown = [110, 80, 54, 40, 30, 20, 12, 4].map((columns) => progressLines([film], columns)[0]);
    assert.deepEqual(shown, [
      "film.mkv [=============>                 ]  44%    12 MiB of 28 MiB     3.4 MiB/s     1:04",
      "film.mkv [========>           ]  44%    12 MiB of 28 MiB     3.4 MiB/s     1:04",
      "film.mkv  44%    12 MiB   3.4 MiB/s     1:04",
      "film.mkv  44%   3.4 MiB/s     1:04",
      "film.mkv  44%   3.4 MiB/s",
      "film.mkv  44%",
      "film.mkv",
      "...",
    ]);
  });

  test("stands below the others in the same columns", () => {
    const lines = progressLines([film, row("漢字.txt", 0, 0), row("log", 5, undefined)], 80);
    assert.deepEqual(lines, [
      "film.mkv [========>           ]  44%    12 MiB of 28 MiB     3.4 MiB/s     1:04",
      "漢字.txt [====================] 100%       0 B of 0 B        3.4 MiB/s     1:04",
      "log                                        5 B               3.4 MiB/s",
    ]);
  });

  test("is 100% only when all of it is there, and never more", () => {
    assert.match(progressLines([row("f", 1_000_000 - 1, 1_000_000)], 80)[0] ?? "", /=>] {2}99%/);
    assert.match(progressLines([row("f", 2_000_000, 1_000_000)], 80)[0] ?? "", /==] 100%/);
  });

  test("is never as wide as the terminal, whatever its name", () => {
    const name = fc.string({ unit: fc.constantFrom("a", "漢", "é", " ", "🚢"), maxLength: 80 });
    fc.assert(
      fc.property(fc.array(name, { maxLength: 4 }), fc.integer({ min: 1, max: 200 }), (names, columns) => {
        const lines = progressLines(
          names.map((each) => row(each, 5, 10)),
          columns,
        );
        for (const line of lines) assert.ok(displayWidth(line) < columns, line);
      }),
    );
  });
});

describe("the progress display", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());
  const draw = (): void => mock.timers.tick(100);

  function showing(
    columns = 80,
    rows = 24,
  ): { screen: Screen; display: ProgressDisplay; terminal: Terminal } {
    const screen = new Screen(columns, rows);
    const terminal = { ...fakeTerminal(), output: screen, errors: screen };
    return { screen, terminal, display: progressDisplay(terminal) };
  }

  test("draws a line for each transfer and one for all, again and again in the same place", () => {
    const { screen, display } = showing();
    screen.write("$ ferry get -r ...\n");
    display.expect({ files: 12, bytes: 100 * MIB });
    const one = display.begin("one.bin", 10 * MIB);
    const two = display.begin("two.bin", 20 * MIB);
    for (let n = 1; n <= 5; n++) {
      one.at?.(progress(n * MIB, 10 * MIB));
      two.at?.(progress(2 * n * MIB, 20 * MIB));
      draw();
    }
    assert.equal(screen.all.length, 4);
    assert.match(
      screen.shown[1] ?? "",
      /^one\.bin {7}\[=+> +\] {2}50% {3}5\.0 MiB of 10 MiB {5}3\.4 MiB\/s {5}0:04$/,
    );
    assert.match(screen.shown[2] ?? "", /^two\.bin {7}\[=+> +\] {2}50% {4}10 MiB/);
    assert.match(screen.shown[3] ?? "", /^0 of 12 files \[=+> +\] {2}15% {4}15 MiB/);
    assert.deepEqual(screen.cursor, { row: 1, column: 0 });
    one.end("moved");
    two.end("failed");
    draw();
    assert.match(screen.shown[1] ?? "", /^2 of 12 files, 1 failed \[/);
    display.close();
    assert.deepEqual(screen.all, ["$ ferry get -r ..."]);
  });

  test("writes nothing while nothing changes, and ten times a second at most", () => {
    const { screen, display } = showing();
    const bar = display.begin("f", 10);
    draw();
    const { writes } = screen;
    for (let n = 0; n < 1000; n++) bar.at?.(progress(n % 10, 10));
    draw();
    draw();
    draw();
    assert.equal(screen.writes, writes + 1);
    display.close();
  });

  test("leaves one line of each file that is done when they are few", () => {
    const { screen, display } = showing();
    const bar = display.begin("f", 10 * MIB);
    bar.at?.(progress(10 * MIB, 10 * MIB, { start: 4 * MIB }));
    bar.end("moved");
    bar.end("failed");
    display.close();
    assert.equal(screen.all.length, 1);
    assert.match(screen.all[0] ?? "", /^f {2}6\.0 MiB in (?:\d+ ms|\d:\d\d), .*\/s$/);
  });

  test("leaves the line of a file that is done to whoever writes one of it already", () => {
    const { screen, display } = showing();
    display.expect({ files: 2, bytes: 20, doneLines: false });
    display.begin("f", 10).end("moved");
    draw();
    display.close();
    assert.deepEqual(screen.all, []);
  });

  test("says of all files no more than is known: sizes may come with the files", () => {
    const { screen, display } = showing();
    display.expect({ files: 3, bytes: undefined });
    display.begin("f").at?.(progress(5 * MIB, 10 * MIB));
    draw();
    draw();
    assert.match(screen.shown[1] ?? "", /^0 of 3 files +5\.0 MiB +\d[^%]*\/s$/);
    display.close();
  });

  test("puts messages above the lines, whole and in order", () => {
    const { screen, display } = showing(80, 6);
    const bar = display.begin("f", 10);
    draw();
    for (let n = 1; n <= 20; n++) {
      display.errors.write(`ferry: problem ${n}\n`);
      if (n % 3 === 0) draw();
    }
    display.output.write("said on stdout\n");
    display.note("for people");
    draw();
    assert.deepEqual(screen.shown.slice(-4, -1), ["ferry: problem 20", "said on stdout", "for people"]);
    assert.match(screen.shown.at(-1) ?? "", /^f \[/);
    assert.equal(screen.all.length, 23);
    bar.end("stopped");
    display.errors.write("ferry: the last one\n");
    display.close();
    assert.equal(screen.all.at(-1), "ferry: the last one");
    display.errors.write("afterwards\n");
    assert.equal(screen.all.at(-1), "afterwards");
  });

  test("never scrolls the screen away, however many transfers run", () => {
    const { screen, display } = showing(60, 5);
    screen.write("$ ferry mirror ...\n");
    display.expect({ files: 99, bytes: 99 * MIB });
    const bars = Array.from({ length: 20 }, (_, n) => display.begin(`file ${n}`, MIB));
    for (let n = 0; n < 30; n++) {
      for (const bar of bars) bar.at?.(progress(n * 1000, MIB));
      draw();
    }
    assert.equal(screen.all[0], "$ ferry mirror ...");
    assert.equal(screen.all.length, 5);
    assert.match(screen.shown.at(-1) ?? "", /^0 of 99 files/, "the line about all is among them");
    display.close();
    assert.deepEqual(screen.all, ["$ ferry mirror ..."]);
  });

  test("goes by the new size of the terminal at once", () => {
    const { screen, display } = showing(100, 24);
    display.expect({ files: 50, bytes: 99 * MIB });
    const bars = Array.from({ length: 6 }, (_, n) => display.begin(`file ${n}`, MIB));
    for (const bar of bars) bar.at?.(progress(500_000, MIB));
    draw();
    assert.equal(screen.shown.length, 7);
    for (const [columns, rows] of [
      [30, 24],
      [30, 4],
      [200, 50],
      [1, 1],
      [80, 24],
    ] as const) {
      screen.resize(columns, rows);
      assert.ok(screen.shown.length <= Math.max(1, rows - 1), `${screen.shown.length} lines of ${rows}`);
      for (const line of screen.shown) assert.ok(displayWidth(line) < columns || line === "", line);
    }
    assert.equal(screen.shown.length, 7);
    display.close();
    assert.deepEqual(screen.shown, []);
    assert.equal(screen.listeners, 0);
  });

  test("goes away when the program is stopped, and comes back when it goes on in front", () => {
    const screen = new Screen(80, 24);
    const fake = fakeTerminal();
    const terminal = Object.create(fake, {
      output: { value: screen },
      errors: { value: screen },
    }) as Terminal;
    const display = progressDisplay(terminal);
    const bar = display.begin("f", 10);
    draw();
    assert.match(screen.shown[0] ?? "", /^f \[/);
    fake.suspend();
    assert.deepEqual(screen.shown, []);
    bar.at?.(progress(5, 10));
    draw();
    assert.deepEqual(screen.shown, [], "drawn while it is stopped");
    fake.inForeground = false;
    fake.resume();
    draw();
    screen.write("$ ");
    display.note("a word");
    draw();
    assert.deepEqual(screen.shown, ["$ a word"], "what the shell shows is left alone");
    fake.inForeground = true;
    fake.resume();
    assert.match(screen.shown[1] ?? "", /^f \[.*50%/);
    display.close();
    assert.deepEqual(screen.shown, ["$ a word"]);
    assert.equal(fake.suspendListeners, 0);
  });

  test("names steer nothing and tear nothing", () => {
    const { screen, display } = showing(60, 24);
    const names = [
      "\u001b[2J\u001b[1;1Hgone",
      "a\r\nb\nc",
      "x\u0007\u009b31m",
      "\u202egpj.exe",
      "漢".repeat(300),
      "🚢\u200b\udcff",
    ];
    for (const name of names) display.begin(name, 100).at?.(progress(50, 100));
    draw();
    draw();
    assert.equal(screen.shown.length, names.length);
    const [wiped, broken] = screen.shown;
    assert.match(wiped ?? "", /^\\x1b\[.*gone +50%/);
    assert.match(broken ?? "", /^a\\x0d\\x0ab\\x0ac +50%/);
    assert.match(screen.shown[4] ?? "", /^漢+\.\.\.漢+ +50%/);
    display.close();
  });

  test("says what goes on before anything moves", () => {
    const { screen, display } = showing(30, 24);
    display.status?.("listing: 1 found");
    display.status?.("listing: 120 found in a folder with a long name");
    draw();
    assert.deepEqual(screen.shown, ["listing: 120 ...h a long name"]);
    display.expect({ files: 1, bytes: 10 });
    display.begin("f", 10).at?.(progress(5, 10));
    draw();
    assert.deepEqual(screen.shown, ["f  50%   3.4 MiB/s     0:04"]);
    display.close();
    assert.deepEqual(screen.all, []);
  });

  test("is only the messages where stderr is no terminal, or bars are not wanted", () => {
    const screen = new Screen(80, 24);
    const piped = fakeTerminal();
    const silent = { ...fakeTerminal(), output: screen, errors: screen };
    for (const display of [progressDisplay(piped), progressDisplay(silent, { silent: true })]) {
      display.status?.("listing");
      const bar = display.begin("f", 10);
      display.expect({ files: 20, bytes: 10 });
      bar.at?.(progress(5, 10));
      draw();
      display.errors.write("a problem\n");
      display.output.write("a line\n");
      display.note("for people");
      bar.end("moved");
      display.close();
    }
    assert.equal(piped.err(), "a problem\n");
    assert.equal(piped.out(), "a line\n");
    assert.deepEqual(screen.all, ["a problem", "a line"]);
  });

  test("a pipe beside the terminal gets its lines at once, and nothing else", () => {
    const screen = new Screen(80, 24);
    const terminal = fakeTerminal();
    const display = progressDisplay({ ...terminal, errors: screen });
    display.begin("f", 10).at?.(progress(5, 10));
    display.output.write("a line\n");
    draw();
    assert.equal(terminal.out(), "a line\n");
    assert.equal(screen.shown.length, 1);
    display.close();
  });
});
