import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatUnixLine, type ListedEntry, modeText } from "./unix.js";
import { parseUnixLine } from "./unix-parse.js";

const NOW = Date.UTC(2025, 10, 20, 18, 30);
const DAY = 86_400_000;
const MINUTE = 60_000;

const file: ListedEntry = {
  name: "read me.txt",
  type: "file",
  size: 1234,
  modified: Date.UTC(2025, 10, 20, 18, 2, 59),
  mode: 0o644,
  links: 1,
  owner: "anna",
  group: "users",
};

const line = (changes: Partial<ListedEntry>): string => formatUnixLine({ ...file, ...changes }, NOW);

describe("lines of LIST", () => {
  test("a file looks as ls -l shows it", () => {
    assert.equal(line({}), "-rw-r--r--   1 anna     users          1234 Nov 20 18:02 read me.txt");
  });

  test("a back end that knows little still gives every column", () => {
    const bare = { name: "x", size: 0, modified: NOW } as const;
    assert.equal(
      formatUnixLine({ ...bare, type: "directory" }, NOW),
      "drwxr-xr-x   1 owner    group             0 Nov 20 18:30 x",
    );
    assert.equal(
      formatUnixLine({ ...bare, type: "other" }, NOW),
      "prw-r--r--   1 owner    group             0 Nov 20 18:30 x",
    );
  });

  test("a link shows where it leads", () => {
    assert.match(
      line({ type: "link", mode: 0o777, target: "../a b" }),
      /^lrwxrwxrwx .* read me\.txt -> \.\.\/a b$/,
    );
    assert.match(line({ type: "link" }), / read me\.txt$/);
  });

  test("times of the last half year show the minute, older ones and those to come the year", () => {
    const shown = (modified: number): string => line({ modified }).slice(44, 56);
    assert.equal(shown(NOW), "Nov 20 18:30");
    assert.equal(shown(NOW + 1), "Nov 20  2025");
    assert.equal(shown(NOW - 182 * DAY), "May 22 18:30");
    assert.equal(shown(NOW - 183 * DAY), "May 21  2025");
    assert.equal(shown(Date.UTC(2024, 1, 29)), "Feb 29  2024");
    assert.equal(shown(Date.UTC(2025, 10, 5, 0, 0)), "Nov  5 00:00");
    assert.equal(shown(Date.UTC(1900, 0, 1)), "Jan  1  1900");
    assert.equal(shown(Number.NaN), "Jan  1  1970");
    assert.equal(shown(Number.POSITIVE_INFINITY), "Dec 31  9999");
  });

  test("modes have their special bits in the place of x", () => {
    assert.equal(modeText(0o755), "rwxr-xr-x");
    assert.equal(modeText(0o7755), "rwsr-sr-t");
    assert.equal(modeText(0o7644), "rwSr-Sr-T");
    assert.equal(modeText(0), "---------");
    assert.equal(modeText(0o100_644), "rw-r--r--");
  });

  test("names with blanks and control characters keep the columns and the line", () => {
    const shown = line({ owner: "domain users", group: "", name: "a\r\nb\u001b", size: -1 });
    assert.equal(shown, "-rw-r--r--   1 domain_users _                 0 Nov 20 18:02 a??b?");
    assert.match(
      line({ owner: 1000, group: "µ-team", name: " x" }),
      /^-rw-r--r-- {3}1 1000 {5}µ-team .* 18:02 {2}x$/,
    );
    assert.match(line({ type: "link", target: "a\nb" }), / -> a\?b$/);
  });
});

describe("reading lines of ls -l", () => {
  const at = (year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number =>
    Date.UTC(year, month - 1, day, hour, minute, second);
  const base = {
    type: "file",
    size: 1234,
    mode: 0o644,
    precision: "minute",
    links: 1,
    owner: "anna",
    group: "users",
  };
  const when = at(2025, 11, 20, 18, 2);

  const dialects: readonly [string, string, object][] = [
    [
      "GNU and BSD",
      "-rw-r--r--  1 anna  users  1234 Nov 20 18:02 a b",
      { ...base, name: "a b", modified: when },
    ],
    [
      "with a year",
      "-rw-r--r-- 1 anna users 1234 Feb 29  2024 x",
      { ...base, name: "x", modified: at(2024, 2, 29), precision: "day" },
    ],
    [
      "ls -lT of BSD",
      "-rw-r--r--  1 anna users 1234 Nov 20 18:02:33 2023 x",
      { ...base, name: "x", modified: at(2023, 11, 20, 18, 2, 33), precision: "second" },
    ],
    [
      "long-iso",
      "-rw-r--r-- 1 anna users 1234 2023-11-20 18:02 x",
      { ...base, name: "x", modified: at(2023, 11, 20, 18, 2) },
    ],
    [
      "full-iso with a zone",
      "-rw-r--r-- 1 anna users 1234 2023-11-20 18:02:33.123456789 +0130 x",
      { ...base, name: "x", modified: at(2023, 11, 20, 16, 32, 33), precision: "second" },
    ],
    [
      "full-iso west of Greenwich",
      "-rw-r--r-- 1 anna users 1234 2023-11-20 18:02:33.0 -0800 x",
      { ...base, name: "x", modified: at(2023, 11, 21, 2, 2, 33), precision: "second" },
    ],
    [
      "iso of this year",
      "-rw-r--r-- 1 anna users 1234 11-20 18:02 x",
      { ...base, name: "x", modified: when },
    ],
    [
      "iso of another year",
      "-rw-r--r-- 1 anna users 1234 2023-11-20  x",
      { ...base, name: "x", modified: at(2023, 11, 20), precision: "day" },
    ],
    [
      "numbers for names",
      "-rw-r--r-- 1 1000 100 1234 Nov 20 18:02 x",
      { ...base, name: "x", modified: when, owner: "1000", group: "100" },
    ],
    [
      "no group",
      "-rw-r--r-- 1 anna 1234 Nov 20 18:02 x",
      {
        type: "file",
        size: 1234,
        mode: 0o644,
        precision: "minute",
        links: 1,
        owner: "anna",
        name: "x",
        modified: when,
      },
    ],
    [
      "no link count",
      "-rw-r--r-- anna users 1234 Nov 20 18:02 x",
      {
        type: "file",
        size: 1234,
        mode: 0o644,
        precision: "minute",
        owner: "anna",
        group: "users",
        name: "x",
        modified: when,
      },
    ],
    [
      "a group with a space",
      "-rw-r--r-- 1 anna domain users 1234 Nov 20 18:02 x",
      { ...base, group: "domain users", name: "x", modified: when },
    ],
    [
      "access control lists",
      "-rw-r--r--+ 1 anna users 1234 Nov 20 18:02 x",
      { ...base, name: "x", modified: when },
    ],
    ["SELinux", "-rw-r--r--. 1 anna users 1234 Nov 20 18:02 x", { ...base, name: "x", modified: when }],
    [
      "a link",
      "lrwxrwxrwx 1 anna users 1234 Nov 20 18:02 a -> b -> c",
      { ...base, type: "link", mode: 0o777, name: "a", target: "b -> c", modified: when },
    ],
    [
      "a device",
      "crw-rw-rw- 1 anna users 5, 0 Nov 20 18:02 tty",
      { ...base, type: "other", mode: 0o666, size: 0, name: "tty", modified: when },
    ],
    [
      "special bits",
      "drwxrwsr-T 1 anna users 1234 Nov 20 18:02 x",
      { ...base, type: "directory", mode: 0o3774, name: "x", modified: when },
    ],
    [
      "a name that begins with spaces",
      "-rw-r--r-- 1 anna users 1234 Nov 20 18:02   x",
      { ...base, name: "  x", modified: when },
    ],
    [
      "a name that looks like a date",
      "-rw-r--r-- 1 anna users 1234 Nov 20 18:02 9 Jan  1  2020 x",
      { ...base, name: "9 Jan  1  2020 x", modified: when },
    ],
    [
      "months in any case",
      "-rw-r--r-- 1 anna users 1234 nov 20 18:02 x",
      { ...base, name: "x", modified: when },
    ],
  ];
  for (const [name, raw, expected] of dialects) {
    test(name, () => {
      assert.deepEqual(parseUnixLine(raw, NOW), { raw, ...expected });
      assert.deepEqual(parseUnixLine(`${raw}\r\n`, NOW), { raw: `${raw}\r\n`, ...expected });
    });
  }

  test("a time without a year is the last one that was not in the future", () => {
    const read = (date: string, now: number): number | undefined =>
      parseUnixLine(`-rw-r--r-- 1 a b 1 ${date} x`, now)?.modified;
    assert.equal(read("Dec 31 23:59", at(2026, 1, 1)), at(2025, 12, 31, 23, 59));
    assert.equal(read("Jan  1 01:00", at(2025, 12, 31, 23, 0)), at(2025, 1, 1, 1));
    assert.equal(read("Nov 21 06:00", NOW), at(2025, 11, 21, 6), "the clock of a server east of us");
    assert.equal(read("Nov 22 06:00", NOW), at(2024, 11, 22, 6));
    assert.equal(read("Feb 29 12:00", NOW), at(2024, 2, 29, 12));
  });

  test("lines of other kinds are none", () => {
    const wrong = [
      "",
      "total 12",
      "-rw-r--r-- 1 anna users 1234 Nov 20 18:02",
      "-rw-r--r-- 1 anna users 1234 Nov 20 18:02 ",
      "-rw-r--r-- 1 anna users 1234 Nov 31 18:02 x",
      "-rw-r--r-- 1 anna users 1234 Nov 20 24:00 x",
      "-rw-r--r-- 1 anna users 1234 Foo 20 18:02 x",
      "-rw-r--r-- 1 anna users 1234 2023-13-20 18:02 x",
      "-rw-r--r-- 1 anna users big Nov 20 18:02 x",
      "-rw-r--r--1 anna users 1234 Nov 20 18:02 x",
      "rw-r--r-- 1 anna users 1234 Nov 20 18:02 x",
      "11-20-25  06:02PM  1234 x",
      "type=file;size=1; x",
      `-rw-r--r-- ${"a ".repeat(100)}1 Nov 20 18:02 x`,
    ];
    for (const text of wrong) assert.equal(parseUnixLine(text, NOW), undefined, text);
  });
});

describe("lines of ls -l, there and back", () => {
  const word = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,11}$/);
  const name = fc
    .string({ minLength: 1, maxLength: 30, unit: "binary" })
    .filter((text) => !/[\u0000-\u001f\u007f]| -> /.test(text));
  const now = fc.integer({ min: Date.UTC(1975, 0), max: Date.UTC(2200, 0) });
  const entry = fc.record(
    {
      name,
      type: fc.constantFrom("file", "directory", "link", "other"),
      size: fc.maxSafeNat(),
      age: fc.oneof(fc.integer({ min: -DAY * 400, max: DAY * 800 }), fc.integer({ min: 0, max: DAY * 183 })),
      mode: fc.nat(0o7777),
      links: fc.integer({ min: 1, max: 99_999 }),
      owner: word,
      group: word,
      target: name,
    },
    { noNullPrototype: true },
  );

  test("what is written is read as it was, to the minute or the day", () => {
    fc.assert(
      fc.property(entry, now, ({ age, target, type, ...rest }, moment) => {
        const modified = moment - age;
        const whole = { ...rest, type, modified, ...(type === "link" ? { target } : {}) } as ListedEntry;
        const raw = formatUnixLine(whole, moment);
        const read = parseUnixLine(raw, moment);
        assert.ok(read, raw);
        const step = read.precision === "minute" ? MINUTE : DAY;
        const expected = {
          ...whole,
          raw,
          precision: read.precision,
          modified: Math.floor(modified / step) * step,
        };
        assert.deepEqual(read, expected);
        const recent = age >= 0 && age < 182.62 * DAY;
        assert.equal(read.precision, recent ? "minute" : "day");
      }),
      { numRuns: 2000 },
    );
  });

  test("no text makes the reader throw, and what it reads has a name and a time", () => {
    const scraps = fc.constantFrom(
      "-rw-r--r--",
      "drwxr-xr-x+",
      " ",
      "  ",
      "1",
      "anna",
      "Nov 20",
      "18:02",
      "2024",
      "2024-02-30",
      "5,",
      " -> ",
      "x",
      "\r",
      "\n",
      "é",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(scraps, { maxLength: 20 }).map((all) => all.join("")),
      fc.array(scraps, { maxLength: 20 }).map((all) => `-rw-r--r-- 1 a b 1 ${all.join(" ")}`),
    );
    fc.assert(
      fc.property(text, (raw) => {
        const read = parseUnixLine(raw, NOW);
        assert.ok(read === undefined || (read.name !== "" && Number.isFinite(read.modified)));
      }),
      { numRuns: 2000 },
    );
  });
});
