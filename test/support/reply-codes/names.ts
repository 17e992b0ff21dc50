/** What provokes the codes of commands that work on names and facts, without a data connection. */
import { pathname } from "ferry/protocol";
import type { Storage } from "ferry/storage";
import { MemoryTree } from "ferry/storage/memory";
import { USER } from "../server.js";
import { OWNER, type ServingOptions } from "../session.js";
import { type Cases, casesOf, failing, lacking, sent } from "./case.js";

interface Usual {
  /** Succeeds with `code` after the lines `before`. */
  readonly line: string;
  readonly code: number;
  readonly before?: readonly string[];
  /** Of the storage: what the command calls. */
  readonly method: keyof Storage;
  /** A line that is answered 550. */
  readonly refused: string;
}

/** Most commands: 450 and 451 as the storage fails. */
function usual(verb: string, { line, code, before = [], method, refused }: Usual): Cases {
  return casesOf(verb, {
    [code]: sent(line, {}, ...before),
    450: sent(line, failing(method, "unavailable"), ...before),
    451: sent(line, failing(method, "failed"), ...before),
    550: sent(refused, {}, ...before),
  });
}

/** The same for what only some storages can. */
function optional(verb: string, what: Usual): Cases {
  return { ...usual(verb, what), ...casesOf(verb, { 502: sent(what.line, lacking(what.method)) }) };
}

const mounts: ServingOptions = {
  account: {
    mounts: new Map([["archive", { storage: new MemoryTree().storageFor(USER), home: pathname("/") }]]),
  },
};

const TIME = "20240229123456";

export const NAME_CASES: Cases = {
  ...casesOf("CWD", {
    250: sent("CWD folder"),
    450: sent("CWD folder", failing("stat", "unavailable")),
    550: sent("CWD missing"),
  }),
  ...casesOf("CDUP", {
    200: sent("CDUP", { server: { strictRfc959: true } }, "CWD folder"),
    250: sent("CDUP", {}, "CWD folder"),
    450: sent("CDUP", failing("stat", "unavailable")),
    550: {
      async provoke(client, served) {
        for (const line of ["MKD above", "MKD above/here", "CWD above/here"]) {
          await client.expect(line, 257, 250);
        }
        const owner = await served.login(OWNER);
        await owner.expect("RMD /above/here", 250);
        await owner.expect("RMD /above", 250);
        return await client.command("CDUP");
      },
    },
  }),
  ...casesOf("SMNT", {
    202: sent("SMNT archive"),
    250: sent("SMNT archive", mounts),
    550: sent("SMNT other", mounts),
  }),
  ...casesOf("PWD", { 257: sent("PWD") }),
  ...usual("MKD", { line: "MKD new", code: 257, method: "makeDirectory", refused: "MKD folder" }),
  ...usual("RMD", {
    line: "RMD new",
    code: 250,
    before: ["MKD new"],
    method: "removeDirectory",
    refused: "RMD folder",
  }),
  ...usual("DELE", { line: "DELE file", code: 250, method: "remove", refused: "DELE folder" }),
  ...casesOf("RNFR", {
    350: sent("RNFR file"),
    450: sent("RNFR file", failing("statLink", "unavailable")),
    550: sent("RNFR missing"),
  }),
  ...casesOf("RNTO", {
    250: sent("RNTO other", {}, "RNFR file"),
    450: sent("RNTO other", failing("rename", "busy"), "RNFR file"),
    451: sent("RNTO other", failing("rename", "failed"), "RNFR file"),
    503: sent("RNTO other"),
    553: sent("RNTO folder", {}, "RNFR file"),
  }),
  ...usual("SIZE", { line: "SIZE file", code: 213, method: "stat", refused: "SIZE folder" }),
  ...usual("MDTM", { line: "MDTM file", code: 213, method: "stat", refused: "MDTM folder" }),
  ...usual("MLST", { line: "MLST", code: 250, method: "stat", refused: "MLST missing" }),
  ...optional("AVBL", { line: "AVBL", code: 213, method: "availableSpace", refused: "AVBL missing" }),
  ...optional("MFMT", {
    line: `MFMT ${TIME} file`,
    code: 213,
    method: "setTimes",
    refused: `MFMT ${TIME} missing`,
  }),
  ...optional("MFCT", {
    line: `MFCT ${TIME} file`,
    code: 213,
    method: "setTimes",
    refused: `MFCT ${TIME} missing`,
  }),
  ...usual("MFF", {
    line: `MFF modify=${TIME}; file`,
    code: 213,
    method: "setTimes",
    refused: `MFF modify=${TIME}; missing`,
  }),
  ...casesOf("MFF", {
    501: sent("MFF modify=yesterday; file"),
    504: sent("MFF size=3; file"),
  }),
  ...optional("SITE CHMOD", {
    line: "SITE CHMOD 600 file",
    code: 200,
    method: "setMode",
    refused: "SITE CHMOD 600 missing",
  }),
  ...optional("SITE UTIME", {
    line: `SITE UTIME ${TIME} file`,
    code: 200,
    method: "setTimes",
    refused: `SITE UTIME ${TIME} missing`,
  }),
  ...optional("SITE SYMLINK", {
    line: "SITE SYMLINK file link",
    code: 200,
    method: "makeLink",
    refused: "SITE SYMLINK file folder",
  }),
};
