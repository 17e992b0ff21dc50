/**
 * Every reply code that RFC 959 section 5.4 gives a command, that the extensions give theirs, or that a
 * declaration in src/server/commands promises: provoked over a socket, or with the reason why it never comes.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { leakCheck, type RawClient, RawClientError } from "ferry/testing";
import { ANY_CASES } from "./support/reply-codes/any.js";
import type { Case, Cases } from "./support/reply-codes/case.js";
import { declaredCodes } from "./support/reply-codes/declared.js";
import { INFORMATION_CASES } from "./support/reply-codes/information.js";
import { LOGIN_CASES } from "./support/reply-codes/login.js";
import { NAME_CASES } from "./support/reply-codes/names.js";
import { PARAMETER_CASES } from "./support/reply-codes/parameters.js";
import { PROTECTION_CASES } from "./support/reply-codes/protection.js";
import { TRANSFER_CASES } from "./support/reply-codes/transfers.js";
import { Serving } from "./support/session.js";

/** The table of RFC 959 section 5.4, row by row. */
const SECTION_5_4: Readonly<Record<string, string>> = {
  connect: "120 220 421",
  USER: "230 530 500 501 421 331 332",
  PASS: "230 202 530 500 501 503 421 332",
  ACCT: "230 202 530 500 501 503 421",
  CWD: "250 500 501 502 421 530 550",
  CDUP: "200 500 501 502 421 530 550",
  SMNT: "202 250 500 501 502 421 530 550",
  REIN: "120 220 421 500 502",
  QUIT: "221 500",
  PORT: "200 500 501 421 530",
  PASV: "227 500 501 502 421 530",
  MODE: "200 500 501 504 421 530",
  TYPE: "200 500 501 504 421 530",
  STRU: "200 500 501 504 421 530",
  ALLO: "200 202 500 501 504 421 530",
  REST: "500 501 502 421 530 350",
  STOR: "125 150 110 226 250 425 426 451 551 552 532 450 452 553 500 501 421 530",
  STOU: "125 150 110 226 250 425 426 451 551 552 532 450 452 553 500 501 421 530",
  RETR: "125 150 110 226 250 425 426 451 450 550 500 501 421 530",
  LIST: "125 150 226 250 425 426 451 450 500 501 502 421 530",
  NLST: "125 150 226 250 425 426 451 450 500 501 502 421 530",
  APPE: "125 150 110 226 250 425 426 451 551 552 532 450 550 452 553 500 501 502 421 530",
  RNFR: "450 550 500 501 502 421 530 350",
  RNTO: "250 532 553 500 501 502 503 421 530",
  DELE: "250 450 550 500 501 502 421 530",
  RMD: "250 500 501 502 421 530 550",
  MKD: "257 500 501 502 421 530 550",
  PWD: "257 500 501 502 421 550",
  ABOR: "225 226 500 501 502 421",
  SYST: "215 500 501 502 421",
  STAT: "211 212 213 450 500 501 502 421 530",
  HELP: "211 214 500 501 502 421",
  SITE: "200 202 500 501 530",
  NOOP: "200 500 421",
};

/** Of the RFCs and drafts that define them, and of the field where there are none. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  AUTH: "234 334 431 500 502 504 534",
  PBSZ: "200 501 503",
  PROT: "200 431 503 504 534 536",
  CCC: "200 500 533 534",
  EPRT: "200 501 522",
  EPSV: "200 229 425 501 522",
  LPRT: "200 500 501 521",
  LPSV: "228 425 500 501",
  FEAT: "211 500 501 502",
  OPTS: "200 451 501",
  SIZE: "213 500 501 550",
  MDTM: "213 500 501 550",
  MLST: "250 501 550",
  MLSD: "150 226 501 550",
  MFMT: "213 501 550",
  MFCT: "213 501 550",
  MFF: "213 501 504 550",
  HOST: "220 421 500 501 502 503 504",
  LANG: "200 501 504",
  AVBL: "213 550",
  CLNT: "200",
  CSID: "200",
};

/** Why a code of the tables above never comes. Each is said of all the commands that have no case for it. */
const NEVER: readonly { readonly code: number; readonly commands: string; readonly why: string }[] = [
  {
    code: 120,
    commands: "connect",
    why: "a server that is up is ready, and one that is not does not listen",
  },
  { code: 230, commands: "USER", why: "every name is asked for a password, so that none is given away" },
  { code: 202, commands: "PASS", why: "a password is always needed; clients take 202 for a failure" },
  { code: 110, commands: "STOR STOU RETR APPE", why: "restart markers belong to MODE B and C" },
  {
    code: 250,
    commands: "STOR STOU RETR LIST NLST APPE",
    why: "in MODE S the end of the data connection is the end of the file: 226",
  },
  { code: 551, commands: "STOR STOU APPE", why: "the page type belongs to STRU P" },
  { code: 532, commands: "STOR STOU APPE RNTO", why: "an account is asked for at login or never" },
  {
    code: 502,
    commands: `CWD CDUP SMNT REIN PASV REST LIST NLST APPE RNFR RNTO DELE RMD MKD PWD ABOR SYST STAT HELP
      FEAT HOST`,
    why: "all of these are implemented, and none can be switched off",
  },
  { code: 550, commands: "PWD", why: "the working directory is known without asking the storage" },
  { code: 211, commands: "HELP", why: "214 is the code for help; 211 is that of STAT" },
  { code: 202, commands: "SITE", why: "no SITE command is there that has nothing to do" },
  { code: 451, commands: "OPTS", why: "no option needs anything that could fail" },
  { code: 334, commands: "AUTH", why: "an ADAT would have to follow, and TLS has none (RFC 4217 4.2)" },
  { code: 534, commands: "AUTH", why: "whoever may connect may have TLS" },
  {
    code: 431,
    commands: "PROT",
    why: "what data connections need is there with the control connection's TLS",
  },
];

/** What declarations promise beyond section 5.4, which docs/reply-codes.md tells and explains. */
const BEYOND_5_4: Readonly<Record<string, string>> = {
  USER: "232", // RFC 2228 5.1
  RETR: "521 522", // these two: RFC 4217 10.2
  LIST: "521 522",
  NLST: "521 522",
  APPE: "521 522",
  STOU: "521 522",
  CWD: "450", // the storage is away for now
  CDUP: "250 450", // 250 as CWD: 4.1.1
  MKD: "450 451",
  RMD: "450 451",
  DELE: "451",
  RNTO: "450 451",
  STAT: "451",
  PASV: "425", // 421 would end the session for want of a port
  ALLO: "552", // not with strictRfc959
  STOR: "550 521 522", // a restart position beyond the end
};

const CASES: Cases = {
  ...ANY_CASES,
  ...LOGIN_CASES,
  ...PARAMETER_CASES,
  ...NAME_CASES,
  ...TRANSFER_CASES,
  ...INFORMATION_CASES,
  ...PROTECTION_CASES,
};

function pairsOf(table: Readonly<Record<string, string>>): string[] {
  return Object.entries(table).flatMap(([verb, codes]) => codes.split(" ").map((code) => `${verb} ${code}`));
}

/** "RETR 426 when the client stands still" is one more case of "RETR 426". */
const pairOf = (name: string): string => name.replace(/^(.*? \d{3})\b.*$/, "$1");
const PROVOKED = new Set(Object.keys(CASES).map(pairOf));
const DECLARED = declaredCodes();
const VERBS = [...new Set(DECLARED.map((pair) => pair.replace(/ \d+$/, "")))];
const EXCUSED = NEVER.flatMap(({ code, commands }) => commands.split(/\s+/).map((verb) => `${verb} ${code}`));
/** From any command; 530 only where a login is needed. */
const COMMON = VERBS.flatMap((verb) => [421, 500, 501].map((code) => `${verb} ${code}`));
const PROMISED = new Set([...pairsOf(SECTION_5_4), ...pairsOf(EXTENSIONS), ...DECLARED, ...COMMON]);

describe("the table of reply codes", () => {
  test("holds every declared command", () => {
    assert.ok(VERBS.length > 50, "docs/rfc-compliance.md could not be read");
    const rows = new Set([...Object.keys(SECTION_5_4), ...Object.keys(EXTENSIONS)]);
    const missing = VERBS.filter((verb) => !rows.has(verb) && !verb.startsWith("SITE "));
    assert.deepEqual(missing, []);
  });

  test("has a case or a reason for every code", () => {
    const open = [...PROMISED].filter((pair) => !PROVOKED.has(pair) && !EXCUSED.includes(pair));
    assert.deepEqual(open, []);
  });

  test("has a case for every declared code", () => {
    assert.deepEqual(
      DECLARED.filter((pair) => !PROVOKED.has(pair)),
      [],
    );
  });

  test("tells where RFC 959 does not allow a code that is declared", () => {
    const allowed = new Set([...pairsOf(SECTION_5_4), ...pairsOf(BEYOND_5_4)]);
    const beyond = DECLARED.filter((pair) => pair.replace(/ .*/, "") in SECTION_5_4 && !/^SITE /.test(pair));
    assert.deepEqual(
      beyond.filter((pair) => !allowed.has(pair)),
      [],
    );
    assert.deepEqual(
      pairsOf(BEYOND_5_4).filter((pair) => !DECLARED.includes(pair)),
      [],
    );
  });

  test("gives no reason against a code that comes, or that nobody promises", () => {
    const wrong = EXCUSED.filter(
      (pair) => PROVOKED.has(pair) || DECLARED.includes(pair) || !PROMISED.has(pair),
    );
    assert.deepEqual(wrong, []);
  });

  test("has no case for a code that is not declared", () => {
    const ofSite = DECLARED.filter((pair) => pair.startsWith("SITE ")).map((pair) =>
      pair.replace(/ .* /, " "),
    );
    const known = new Set([...DECLARED, ...ofSite, ...COMMON, ...VERBS.map((verb) => `${verb} 530`)]);
    const undeclared = [...PROVOKED].filter((pair) => !known.has(pair) && !pair.startsWith("connect "));
    assert.deepEqual(undeclared, []);
  });
});

describe("reply codes", () => {
  leakCheck();
  for (const [name, found] of Object.entries(CASES)) {
    test(name, () => check(Number(pairOf(name).replace(/.* /, "")), found));
  }
});

/** Each on a server of its own, with a file and a folder that is not empty. */
async function check(code: number, { o = {}, login, closes, provoke }: Case): Promise<void> {
  await using served = await Serving.start(o);
  await served.files.put("/file", "first line\nlast line\n");
  await served.files.makeDirectory("/folder");
  await served.files.put("/folder/inside", "text");
  const client = login === false ? await served.connect() : await served.login();

  const replies = [await provoke(client, served)].flat();
  const answer = code < 200 ? replies[0] : replies.at(-1);
  assert.equal(answer?.code, code, JSON.stringify(replies));
  assert.ok((replies.at(-1)?.code ?? 0) >= 200, "no completion reply");

  if (closes === true) await expectClosed(client);
  else assert.equal((await client.command("NOOP")).code, 200);
  assert.equal(client.unread, 0, "more replies than one");
}

async function expectClosed(client: RawClient): Promise<void> {
  await assert.rejects(
    client.reply(),
    (error) => error instanceof RawClientError && error.reason === "closed",
  );
}
