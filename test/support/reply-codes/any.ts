/** What provokes the codes that any command can be answered with: 421, 500, 501, 530. */
import type { Account, AccountLease, AccountStore, MemoryAccounts } from "ferry/accounts";
import { type Case, type Cases, casesOf, sent, sentBeforeLogin } from "./case.js";

/** Behind each verb, what is no argument of it. No verb is missing. */
const WRONG_ARGUMENTS: Readonly<Record<string, string>> = {
  USER: "",
  PASS: " a\tb",
  ACCT: "",
  AUTH: "",
  PBSZ: "",
  PROT: "",
  CCC: " now",
  REIN: " now",
  QUIT: " now",
  CWD: "",
  CDUP: " here",
  SMNT: "",
  PORT: " 1,2,3",
  PASV: " now",
  EPRT: " here",
  EPSV: " here",
  LPRT: " 4,4",
  LPSV: " now",
  TYPE: "",
  STRU: " FF",
  MODE: " SS",
  ALLO: "",
  REST: " x",
  RETR: "",
  ABOR: " now",
  STOR: "",
  APPE: "",
  // A hint can be any text that can stand in a line.
  STOU: " a\tb",
  LIST: ` ${"x".repeat(5000)}`,
  NLST: ` ${"x".repeat(5000)}`,
  RNFR: "",
  RNTO: "",
  DELE: "",
  RMD: "",
  MKD: "",
  PWD: " here",
  NOOP: " now",
  SYST: " here",
  HELP: " NONSENSE",
  STAT: ` ${"x".repeat(5000)}`,
  SITE: "",
  "SITE HELP": " CHMOD",
  "SITE CHMOD": " rwx file",
  "SITE UTIME": " yesterday file",
  "SITE SYMLINK": " target",
  "SITE IDLE": " 1",
  FEAT: " all",
  OPTS: "",
  LANG: " -",
  SIZE: "",
  MDTM: "",
  MLST: ` ${"x".repeat(5000)}`,
  MLSD: ` ${"x".repeat(5000)}`,
  AVBL: ` ${"x".repeat(5000)}`,
  MFMT: " 20241301000000 file",
  MFCT: " 20241301000000 file",
  MFF: " file",
  CLNT: "",
  CSID: "",
  HOST: "",
};

/** What can be said by those who are not logged in. */
const OPEN_TO_ALL = new Set(
  "USER PASS ACCT AUTH PBSZ PROT CCC REIN QUIT ABOR NOOP SYST HELP FEAT OPTS LANG CLNT CSID HOST".split(" "),
);

/** The account goes away, and the store does not say so of itself. */
function accountGone(verb: string): Case {
  let isGone = false;
  const leaseOf = (account: Account): AccountLease => ({
    get current() {
      return isGone ? undefined : account;
    },
    onChange() {},
    reserve() {},
    async [Symbol.asyncDispose]() {},
  });
  return {
    o: {
      accounts: (usual: MemoryAccounts): AccountStore => ({
        authenticate: (attempt) => usual.authenticate(attempt),
        open: async (account) => leaseOf(account),
      }),
    },
    closes: true,
    async provoke(client) {
      isGone = true;
      return await client.command(verb);
    },
  };
}

const overlong = (verb: string): Case => ({ ...sent(`${verb} ${"x".repeat(9000)}`), closes: true });

/** The server is told to close when the command is on its way. */
const whileClosing = (verb: string): Case => ({
  closes: true,
  async provoke(client, { server }) {
    const answer = client.command(verb);
    const closed = server.close();
    try {
      return await answer;
    } finally {
      await closed;
    }
  },
});

export const ANY_CASES: Cases = Object.assign(
  {},
  ...Object.entries(WRONG_ARGUMENTS).map(([verb, argument]) =>
    casesOf(verb, {
      500: overlong(verb),
      501: sent(`${verb}${argument}`),
      ...(OPEN_TO_ALL.has(verb)
        ? { 421: whileClosing(verb) }
        : { 421: accountGone(verb), 530: sentBeforeLogin(verb) }),
    }),
  ),
);
