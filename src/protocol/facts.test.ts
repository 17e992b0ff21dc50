import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readFacts } from "./entry-facts.js";
import {
  FACT_NAMES,
  type FactsEntry,
  formatFactLine,
  formatFactNames,
  formatMlstFeature,
  parseFactLine,
  parseFactNames,
  parseMlstFeature,
  permLetters,
} from "./facts.js";

const file: FactsEntry = {
  name: "read me.txt",
  type: "file",
  size: 1234,
  modified: Date.UTC(2025, 10, 20, 18, 2, 3, 999),
  created: Date.UTC(2024, 0, 1),
  mode: 0o644,
  owner: "anna",
  group: 100,
  unique: "fd00U1a",
};

const seconds = fc
  .integer({ min: Date.UTC(0) / 1000, max: Date.UTC(9999, 11, 31) / 1000 })
  .map((s) => s * 1000);
const word = fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/);
const entries = fc.record(
  {
    name: fc.string({ minLength: 1, unit: "binary" }).filter((name) => !/[\u0000-\u001f\u007f]/.test(name)),
    type: fc.constantFrom("file", "directory", "other"),
    size: fc.maxSafeNat(),
    modified: seconds,
    mode: fc.nat(0o7777),
    owner: word,
    group: word,
    unique: word,
  },
  { noNullPrototype: true, requiredKeys: ["name", "type", "size", "modified"] },
) as fc.Arbitrary<FactsEntry>;

describe("lines of facts", () => {
  test("a file has every fact that was asked for, in the server's order", () => {
    assert.equal(
      formatFactLine(file, FACT_NAMES, { perm: "adfrw" }),
      "type=file;size=1234;modify=20251120180203;create=20240101000000;perm=adfrw;unique=fd00U1a;UNIX.mode=0644;UNIX.owner=anna;UNIX.group=100; read me.txt",
    );
    assert.equal(formatFactLine(file, ["size", "UNIX.mode"]), "size=1234;UNIX.mode=0644; read me.txt");
  });

  test("no facts leave the space that separates them", () => {
    assert.equal(formatFactLine(file, []), " read me.txt");
  });

  test("a directory has no size, and can be the listed one or its parent", () => {
    const directory = { ...file, type: "directory" as const };
    assert.equal(formatFactLine(directory, ["type", "size"]), "type=dir; read me.txt");
    assert.equal(formatFactLine(directory, ["type"], { role: "cdir", name: "/a b" }), "type=cdir; /a b");
    assert.equal(formatFactLine(directory, ["type"], { role: "pdir", name: "/" }), "type=pdir; /");
  });

  test("a link tells where it leads, unless the target would end the fact", () => {
    const to = (target?: string): string =>
      formatFactLine({ ...file, type: "link", ...(target === undefined ? {} : { target }) }, ["type"]);
    assert.equal(to("../a=b/é"), "type=OS.unix=slink:../a=b/é; read me.txt");
    for (const target of ["a;b", "a b", "a\r\nb", ""])
      assert.equal(to(target), "type=OS.unix=symlink; read me.txt");
    assert.equal(to(), "type=OS.unix=symlink; read me.txt");
    assert.equal(
      formatFactLine({ ...file, type: "other" }, ["type", "size"]),
      "type=OS.unix=other; read me.txt",
    );
  });

  test("values that a fact cannot hold are left out", () => {
    const odd = { ...file, owner: "domain users", group: "a;b", unique: "x\ny" };
    assert.equal(formatFactLine(odd, ["unique", "UNIX.owner", "UNIX.group", "perm"]), " read me.txt");
  });

  test("a creation later than the modification is not told", () => {
    assert.equal(formatFactLine({ ...file, created: file.modified + 1 }, ["create"]), " read me.txt");
  });

  test("control characters of a name never reach the line", () => {
    assert.equal(formatFactLine({ ...file, name: "a\r\n\u001b[2Jb\u007f" }, []), " a???[2Jb?");
  });

  test("numbers that are none do not break a listing", () => {
    const broken = { ...file, size: Number.NaN, modified: Number.NaN };
    assert.equal(formatFactLine(broken, ["size", "modify"]), "size=0;modify=19700101000000; read me.txt");
  });

  test("what is written is read as it was", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const line = parseFactLine(formatFactLine(entry, FACT_NAMES));
        assert.ok(line);
        const { size, ...rest } = entry;
        assert.deepEqual(readFacts(line), entry.type === "file" ? { ...rest, size } : rest);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("reading facts", () => {
  test("names of facts are read in any case, names of files with every space", () => {
    const line = parseFactLine("Type=File;SIZE=1;X.Odd=a=b;  two spaces ");
    assert.equal(line?.name, " two spaces ");
    assert.deepEqual(
      [...(line?.facts ?? [])],
      [
        ["type", "File"],
        ["size", "1"],
        ["x.odd", "a=b"],
      ],
    );
  });

  test("lines of RFC 3659 7.7 are read", () => {
    const read = (text: string): unknown => {
      const line = parseFactLine(text);
      return line && readFacts(line);
    };
    assert.deepEqual(read("type=cdir;modify=19990426150227;perm=el; /MISC"), {
      name: "/MISC",
      type: "directory",
      role: "cdir",
      modified: Date.UTC(1999, 3, 26, 15, 2, 27),
      perm: "el",
    });
    assert.deepEqual(read("Type=OS.unix=slink:/a;Perm=RF; l"), {
      name: "l",
      type: "link",
      target: "/a",
      perm: "rf",
    });
    assert.deepEqual(read("Type=OS.unix=symlink; l"), { name: "l", type: "link" });
    assert.deepEqual(read("type=OS.unix=slink:; l"), { name: "l", type: "link" }, "as Pure-FTPd has it");
    assert.deepEqual(read("Type=OS.unix=chr-4/1; tty"), { name: "tty", type: "other" });
    assert.deepEqual(read(" /tmp"), { name: "/tmp" });
  });

  test("values that cannot be read count as not said", () => {
    const line = parseFactLine("size=99999999999999999;modify=2024;UNIX.mode=9; x");
    assert.deepEqual(line && readFacts(line), { name: "x" });
  });

  test("a line of another kind is none", () => {
    for (const text of ["", "x", "-rw-r--r-- 1 a b 3 Jan 1 2020 x", "total 12", "=a; x"]) {
      assert.equal(parseFactLine(text), undefined, text);
    }
  });

  test("no text makes the readers throw", () => {
    const scraps = fc.constantFrom(
      "type",
      "=",
      ";",
      " ",
      "size",
      "1",
      "OS.unix=slink:",
      "modify",
      "é",
      "unix.mode",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(scraps).map((all) => all.join("")),
        ),
        (text) => {
          const line = parseFactLine(text);
          if (line !== undefined) readFacts(line);
          parseMlstFeature(text);
          parseFactNames(text);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("the perm fact", () => {
  const all = {
    append: true,
    create: true,
    delete: true,
    enter: true,
    rename: true,
    list: true,
    makeDirectory: true,
    purge: true,
    retrieve: true,
    store: true,
  };

  test("has the letters that mean something for the type", () => {
    assert.equal(permLetters(all, "file"), "adfrw");
    assert.equal(permLetters(all, "directory"), "cdeflmp");
    assert.equal(permLetters(all, "link"), "adfrw");
    assert.equal(permLetters(all, "other"), "df");
  });

  test("has none for what is not allowed", () => {
    assert.equal(permLetters({}, "directory"), "");
    assert.equal(permLetters({ retrieve: true, store: false, list: true }, "file"), "r");
    assert.equal(permLetters({ enter: true, list: true, retrieve: true }, "directory"), "el");
  });
});

describe("the choice of facts", () => {
  test("keeps the server's order, and passes over what is not available", () => {
    assert.deepEqual(parseFactNames("UNIX.mode;TYPE;frogs;Perm;"), ["type", "perm", "UNIX.mode"]);
    assert.deepEqual(parseFactNames("size;create;", ["type", "size"]), ["size"]);
    assert.deepEqual(parseFactNames("type"), ["type"]);
    assert.deepEqual(parseFactNames(""), []);
  });

  test("refuses what is no list of names", () => {
    for (const text of [
      "unique type;",
      "type; size;",
      ";",
      "type;;size;",
      "type*;",
      "type=file;",
      " type;",
    ]) {
      assert.equal(parseFactNames(text), undefined, JSON.stringify(text));
    }
  });

  test("is said in FEAT and in the reply to OPTS", () => {
    assert.equal(formatMlstFeature(["type", "size", "perm"], ["type", "perm"]), "MLST type*;size;perm*;");
    assert.equal(formatFactNames(["type", "perm"]), "MLST OPTS type;perm;");
    assert.equal(formatFactNames([]), "MLST OPTS");
  });

  test("is read from FEAT as it was", () => {
    fc.assert(
      fc.property(fc.subarray([...FACT_NAMES]), fc.subarray([...FACT_NAMES]), (available, wanted) => {
        const chosen = wanted.filter((fact) => available.includes(fact));
        const said = parseMlstFeature(formatMlstFeature(available, chosen).slice("MLST ".length));
        const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());
        assert.deepEqual(said, { available: lower(available), chosen: lower(chosen) });
        assert.deepEqual(
          parseFactNames(formatFactNames(chosen).slice("MLST OPTS ".length), available),
          chosen,
        );
      }),
    );
  });
});
