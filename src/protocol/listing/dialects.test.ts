/**
 * Listings in every dialect. The lines are ours, in the forms that the sources named beside them document or show.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LISTING_DIALECTS, type ListingDialect, ListingReader } from "./dialects.js";
import type { Listed } from "./line.js";
import { countSteps } from "./regexp-steps.support.test.js";

const NOW = Date.UTC(2025, 10, 20, 18, 30);

const at = (year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number =>
  Date.UTC(year, month - 1, day, hour, minute, second);

interface Fixture {
  readonly dialect: ListingDialect;
  /** Where the form is documented, or was seen. */
  readonly source: string;
  readonly lines: readonly string[];
  readonly entries: readonly Listed[];
}

const FIXTURES: readonly Fixture[] = [
  {
    dialect: "unix",
    source: "POSIX ls -l; day before month as GNU ls in some locales",
    lines: [
      "total 3",
      "-rw-r--r--   1 root     other        531 20 Nov 03:26 a file",
      "drwxr-xr-x   2 root     other        512 8. Apr 1994 dir",
      "lrwxrwxrwx   1 root     other          7 Jan 25 00:17 link -> usr/bin",
    ],
    entries: [
      {
        name: "a file",
        type: "file",
        size: 531,
        modified: at(2025, 11, 20, 3, 26),
        precision: "minute",
        mode: 0o644,
        links: 1,
        owner: "root",
        group: "other",
      },
      {
        name: "dir",
        type: "directory",
        size: 512,
        modified: at(1994, 4, 8),
        precision: "day",
        mode: 0o755,
        links: 2,
        owner: "root",
        group: "other",
      },
      {
        name: "link",
        target: "usr/bin",
        type: "link",
        size: 7,
        modified: at(2025, 1, 25, 0, 17),
        precision: "minute",
        mode: 0o777,
        links: 1,
        owner: "root",
        group: "other",
      },
    ],
  },
  {
    dialect: "dos",
    source: "Microsoft IIS, FTP directory listing style MS-DOS, with and without four-digit years",
    lines: [
      "04-27-00  09:09PM       <DIR>          licensed stuff",
      "07-18-00  12:16AM                  589 readme.htm",
      "02-29-2024  12:00PM            1,234,567  leading",
      "10-19-23  03:19PM       <JUNCTION>     data [D:\\data]",
      "05-20-97  03:19PM                      no size",
    ],
    entries: [
      { name: "licensed stuff", type: "directory", modified: at(2000, 4, 27, 21, 9), precision: "minute" },
      { name: "readme.htm", type: "file", size: 589, modified: at(2000, 7, 18, 0, 16), precision: "minute" },

      {
        name: "data",
        target: "D:\\data",
        type: "link",
        modified: at(2023, 10, 19, 15, 19),
        precision: "minute",
      },
    ],
  },
  {
    dialect: "dos",
    source: "Windows CE and Serv-U: 24 hours; other regions: dots with the day first, the year first",
    lines: [
      "14.02.2013  08:01       <DIR>          CMS",
      "2013-09-02  18:48                  100 year first",
      "13/12/2013  18:48                  100 day first",
    ],
    entries: [
      { name: "CMS", type: "directory", modified: at(2013, 2, 14, 8, 1), precision: "minute" },
      { name: "year first", type: "file", size: 100, modified: at(2013, 9, 2, 18, 48), precision: "minute" },
      { name: "day first", type: "file", size: 100, modified: at(2013, 12, 13, 18, 48), precision: "minute" },
    ],
  },
  {
    dialect: "eplf",
    source: "https://cr.yp.to/ftp/list/eplf.html",
    lines: [
      "+i8388621.48594,m825718503,r,s280,\tdjb.html",
      "+i8388621.50690,m824255907,/,\t514",
      "+i8388621.48598,m824253270,r,s612,up644,\t514.html",
      "+,\tneither",
    ],
    entries: [
      {
        name: "djb.html",
        type: "file",
        size: 280,
        unique: "8388621.48594",
        modified: 825718503000,
        precision: "second",
      },
      {
        name: "514",
        type: "directory",
        unique: "8388621.50690",
        modified: 824255907000,
        precision: "second",
      },
      {
        name: "514.html",
        type: "file",
        size: 612,
        mode: 0o644,
        unique: "8388621.48598",
        modified: 824253270000,
        precision: "second",
      },
      { name: "neither", type: "other" },
    ],
  },
  {
    dialect: "netware",
    source: "https://cr.yp.to/ftp/list/binls.html, NetWare",
    lines: [
      "total 0",
      "d [R----F--] supervisor            512       Jan 16 18:53    login",
      "- [R----F--] rhesus             214059       Oct 20  2020    cx exe",
    ],
    entries: [
      {
        name: "login",
        type: "directory",
        size: 512,
        owner: "supervisor",
        modified: at(2025, 1, 16, 18, 53),
        precision: "minute",
      },
      {
        name: "cx exe",
        type: "file",
        size: 214059,
        owner: "rhesus",
        modified: at(2020, 10, 20),
        precision: "day",
      },
    ],
  },
  {
    dialect: "vms",
    source: "https://cr.yp.to/ftp/list/binls.html, MultiNet and UCX; OpenVMS DCL Dictionary, DIRECTORY",
    lines: [
      "Directory DISK$USER:[ANONYMOUS]",
      "",
      "CORE.DIR;1                1   8-SEP-1996 16:09 [SYSTEM] (RWE,RWE,RE,RE)",
      "CII-MANUAL.TEX;1        213/216  29-JAN-1996 03:33:12  [ANONYMOU,ANONYMOUS]   (RWED,RWED,,)",
      "A-VERY-LONG-NAME-THAT-NEEDS-A-LINE-OF-ITS-OWN.TXT;12",
      "                          2/3     29-JAN-1996 03:33:12.04  [X]   (RWED,RWED,RE,)",
      "NO-RIGHT.TXT;1  %RMS-E-PRV, insufficient privilege or file protection violation",
      "",
      "Total of 3 files, 216 blocks.",
    ],
    entries: [
      {
        name: "CORE",
        type: "directory",
        owner: "SYSTEM",
        modified: at(1996, 9, 8, 16, 9),
        precision: "minute",
      },
      {
        name: "CII-MANUAL.TEX",
        type: "file",
        size: 213 * 512,
        owner: "ANONYMOU,ANONYMOUS",
        modified: at(1996, 1, 29, 3, 33, 12),
        precision: "second",
      },
      {
        name: "A-VERY-LONG-NAME-THAT-NEEDS-A-LINE-OF-ITS-OWN.TXT",
        type: "file",
        size: 1024,
        owner: "X",
        modified: at(1996, 1, 29, 3, 33, 12),
        precision: "second",
      },
    ],
  },
  {
    dialect: "os400",
    source: "IBM i, File and directory entries in i5/OS format (rzaiqfdrt)",
    lines: [
      "BAILEYSE     5263360 06/11/97 12:27:39 *FILE      BPTFSAVF",
      "QSYS           77824 23.02.00 15:09:55 *DIR       home/",
      "QSYS                                   *MEM       QCLSRC.FILE/A.MBR",
      "PEP             3610 04-04-14 14:00:00 *STMF      a file.txt",
      "QSYS             512 02/23/00 15:09:55 *PGM       RUN.PGM",
      "QSYS                 02/23/00 15:09:55 *LIB       QGPL.LIB",
    ],
    entries: [
      {
        name: "BPTFSAVF",
        type: "file",
        size: 5263360,
        owner: "BAILEYSE",
        modified: at(1997, 6, 11, 12, 27, 39),
        precision: "second",
      },
      {
        name: "home",
        type: "directory",
        size: 77824,
        owner: "QSYS",
        modified: at(2000, 2, 23, 15, 9, 55),
        precision: "second",
      },
      { name: "QCLSRC.FILE/A.MBR", type: "file", owner: "QSYS" },
      {
        name: "a file.txt",
        type: "file",
        size: 3610,
        owner: "PEP",
        modified: at(2004, 4, 14, 14),
        precision: "second",
      },
      {
        name: "RUN.PGM",
        type: "other",
        size: 512,
        owner: "QSYS",
        modified: at(2000, 2, 23, 15, 9, 55),
        precision: "second",
      },
      {
        name: "QGPL.LIB",
        type: "directory",
        owner: "QSYS",
        modified: at(2000, 2, 23, 15, 9, 55),
        precision: "second",
      },
    ],
  },
  {
    dialect: "nonstop",
    source: "HPE NonStop TCP/IP Applications and Utilities; seen in the field with and without the open flag",
    lines: [
      "File         Code             EOF  Last Modification    Owner  RWEP",
      'ALV           101             2522 27-Aug-02 13:57:10 155,106 "nnnn"',
      'TACLCSTM   O  101              101  4-Mar-01 23:50:06 255,255 "oooo"',
      'EMPLYE          0            53248 23-Jan-26 19:02:49 110, 99 "nunu"',
    ],
    entries: [
      {
        name: "ALV",
        type: "file",
        size: 2522,
        group: "155",
        owner: "106",
        modified: at(2002, 8, 27, 13, 57, 10),
        precision: "second",
      },
      {
        name: "TACLCSTM",
        type: "file",
        size: 101,
        group: "255",
        owner: "255",
        modified: at(2001, 3, 4, 23, 50, 6),
        precision: "second",
      },
      {
        name: "EMPLYE",
        type: "file",
        size: 53248,
        group: "110",
        owner: "99",
        modified: at(2026, 1, 23, 19, 2, 49),
        precision: "second",
      },
    ],
  },
  {
    dialect: "zvm",
    source: "IBM z/VM TCP/IP User's Guide, DIR; minidisks and SFS directories",
    lines: [
      "PROFILE  EXEC     V         37         10          1  4/08/99 11:11:48 TESTID",
      "TEST     DATA     F         80         25          1 1997-04-02 12:33:20 TCP291",
      "ADATA    DIR      -          -          -          - 2000-01-02 13:42:11 -",
    ],
    entries: [
      {
        name: "PROFILE.EXEC",
        type: "file",
        owner: "TESTID",
        modified: at(1999, 4, 8, 11, 11, 48),
        precision: "second",
      },
      {
        name: "TEST.DATA",
        type: "file",
        size: 2000,
        owner: "TCP291",
        modified: at(1997, 4, 2, 12, 33, 20),
        precision: "second",
      },
      { name: "ADATA", type: "directory", modified: at(2000, 1, 2, 13, 42, 11), precision: "second" },
    ],
  },
  {
    dialect: "os9",
    source: "Microware, Using OS-9, dir -e",
    lines: [
      "                           Directory of . 14:30:11",
      " Owner   Last modified  Attributes Sector Bytecount Name",
      "-------  -------------  ---------- ------ --------- ----",
      "   1.12   07/03/29 1026  d-ewrewr    2650       160 CMDS",
      "   0.0    88/11/03 1234  --e-rewr     3D4     85920 a file",
    ],
    entries: [
      {
        name: "CMDS",
        type: "directory",
        size: 160,
        group: "1",
        owner: "12",
        modified: at(2007, 3, 29, 10, 26),
        precision: "minute",
      },
      {
        name: "a file",
        type: "file",
        size: 85920,
        group: "0",
        owner: "0",
        modified: at(1988, 11, 3, 12, 34),
        precision: "minute",
      },
    ],
  },
  {
    dialect: "mvs",
    source:
      "IBM z/OS Communications Server IP User's Guide and Commands, DIR: data sets; PO-E by LISTLEVEL 1",
    lines: [
      "Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname",
      "WYOSPT 3420   2003/05/21  1  200  FB      80  8053  PS  48-MVS.FILE",
      "WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  MVS.DATASET",
      "WPTA02 3390   2014/03/04  1    3  FB      80  3125  PO-E MVS.LIBRARY",
      "NRP004 3390   **NONE**    1   15  NONE     0     0  PO  NO.DATE",
      "TSO005 3390   2005/06/06 213000 U 0 27998 PO RUN.TOGETHER",
      "TSO004 3390   VSAM MY.CLUSTER",
      "Migrated                                                MY.OLD.DATA",
      "Pseudo Directory                                        PREFIX",
      "User catalog connector                                  A.CATALOG",
    ],
    entries: [
      { name: "48-MVS.FILE", type: "file", modified: at(2003, 5, 21), precision: "day" },
      { name: "MVS.DATASET", type: "directory", modified: at(2004, 3, 4), precision: "day" },
      { name: "MVS.LIBRARY", type: "directory", modified: at(2014, 3, 4), precision: "day" },
      { name: "NO.DATE", type: "directory" },
      { name: "RUN.TOGETHER", type: "directory", modified: at(2005, 6, 6), precision: "day" },
      { name: "MY.CLUSTER", type: "file" },
      { name: "MY.OLD.DATA", type: "file" },
      { name: "PREFIX", type: "directory" },
      { name: "A.CATALOG", type: "other" },
    ],
  },
  {
    dialect: "mvs",
    source: "the same: members of a partitioned data set, with statistics and without",
    lines: [
      " Name     VV.MM   Created       Changed      Size  Init   Mod   Id",
      "ALLOC     01.01 1997/03/20 1997/03/20 15:15    10    10     0 TSOUSR1",
      "NOSTATS",
    ],
    entries: [
      {
        name: "ALLOC",
        type: "file",
        owner: "TSOUSR1",
        modified: at(1997, 3, 20, 15, 15),
        precision: "minute",
      },
      { name: "NOSTATS", type: "file" },
    ],
  },
  {
    dialect: "mvs",
    source: "the same: load modules",
    lines: [
      " Name      Size     TTR   Alias-of AC --------- Attributes --------- Amode Rmode",
      "EAGKCPT   000058   000009          00 FO             RN RU            31    ANY",
    ],
    entries: [{ name: "EAGKCPT", type: "file", size: 0x58 }],
  },
  {
    dialect: "mvs",
    source: "the same, Interfacing with JES: JESINTERFACELEVEL 2 and 1",
    lines: [
      "JOBNAME  JOBID    OWNER    STATUS CLASS",
      "USER1A   JOB00042 USER1    OUTPUT A        RC=0000 3 spool files",
    ],
    entries: [{ name: "JOB00042", type: "file", owner: "USER1" }],
  },
  {
    dialect: "mvs",
    source: "the same, without a heading",
    lines: ["USER1A   JOB00042  OUTPUT    3 Spool Files", "USER1B   JOB00043  INPUT"],
    entries: [
      { name: "JOB00042", type: "file" },
      { name: "JOB00043", type: "file" },
    ],
  },
];

function read(lines: readonly string[], dialect?: ListingDialect) {
  const reader = new ListingReader({ now: NOW, dialect });
  const entries = lines.flatMap((line) => {
    const found = reader.read(line);
    return found === undefined ? [] : [found];
  });
  return { entries, dialect: reader.dialect };
}

describe("listings", () => {
  for (const { dialect, source, lines, entries } of FIXTURES) {
    test(`of ${dialect} (${source})`, () => {
      const found = read(lines);
      assert.equal(found.dialect, dialect);
      assert.deepEqual(
        found.entries.map(({ raw: _, ...rest }) => rest),
        entries,
      );
      assert.deepEqual(read(lines, dialect), found, "told the dialect, it reads the same");
      for (const { raw } of found.entries) {
        for (const part of raw.split("\n")) assert.ok(lines.includes(part), "the raw line is kept");
      }
    });
  }

  test("have fixtures for every dialect", () => {
    assert.deepEqual(
      [...new Set(FIXTURES.map(({ dialect }) => dialect))].sort(),
      [...LISTING_DIALECTS].sort(),
    );
  });

  test("take no line for an entry whose time does not exist", () => {
    for (const time of ["19:09PM", "00:09AM", "24:00", "10:60"]) {
      assert.deepEqual(read([`04-27-00  ${time}       <DIR>          licensed stuff`]).entries, [], time);
    }
  });

  test("keep the dialect of their first entry", () => {
    const { entries, dialect } = read([
      "-rw-r--r-- 1 a b 5 Jan  1  2020 one",
      "04-27-00  09:09PM       <DIR>          licensed",
      "+i1,m824255902,/,\tdev",
      "-rw-r--r-- 1 a b 5 Jan  1  2020 two",
    ]);
    assert.equal(dialect, "unix");
    assert.deepEqual(
      entries.map(({ name }) => name),
      ["one", "two"],
    );
  });
});

describe("whatever a server says", () => {
  const scraps = FIXTURES.flatMap(({ lines }) => lines.flatMap((line) => line.split(/(?<= )|(?= )/)));
  const line = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...scraps), { maxLength: 25 }).map((parts) => parts.join("")),
    fc
      .tuple(
        fc.constantFrom(...FIXTURES.flatMap(({ lines }) => lines)),
        fc.nat(90),
        fc.string({ maxLength: 4 }),
      )
      .map(([text, where, put]) => text.slice(0, where) + put + text.slice(where + put.length)),
  );

  test("no line makes a reader throw, and entries are well formed", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        for (const found of read(lines).entries) {
          assert.notEqual(found.name, "");
          if (found.size !== undefined) assert.ok(Number.isSafeInteger(found.size) && found.size >= 0);
          if (found.modified !== undefined) assert.ok(Number.isFinite(found.modified));
          assert.equal(found.precision === undefined, found.modified === undefined);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("long lines cost steps in proportion to their length", () => {
    /** Characters, more than any field may have. */
    const LENGTH = 240;
    /** What a line of any length may cost. */
    const STEPS = 500;
    const fillers = [
      " ",
      "  x",
      "a",
      "1",
      "1,",
      "<",
      "- ",
      "; ",
      ";1 ",
      "\t",
      ".",
      "[",
      "*DIR ",
      "1 ".repeat(3),
    ];
    const heads = ["", ...FIXTURES.flatMap(({ lines }) => lines)];
    for (const dialect of LISTING_DIALECTS) {
      for (const filler of fillers) {
        for (const head of heads) {
          const stepsFor = (length: number): number => {
            const reader = new ListingReader({ now: NOW, dialect });
            const text = head + filler.repeat(length / filler.length);
            return countSteps(() => reader.read(text));
          };
          const [short, long] = [stepsFor(LENGTH), stepsFor(2 * LENGTH)];
          assert.ok(
            long <= 2 * short + STEPS,
            `${dialect}: ${short} steps, then ${long}, for ${JSON.stringify(head)} and ${JSON.stringify(filler)}`,
          );
        }
      }
    }
  });
});
