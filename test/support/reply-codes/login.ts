/** What provokes the codes of the greeting and of access control (RFC 959 4.1.1). */
import assert from "node:assert/strict";
import type { AccountStore, MemoryAccounts } from "ferry/accounts";
import { PASSWORD, USER } from "../server.js";
import type { ServingOptions } from "../session.js";
import { type Case, type Cases, casesOf, sent, sentBeforeLogin } from "./case.js";

/** A store that asks for the account "billing" after the password. */
export const wantsAccount: ServingOptions = {
  accounts: (usual: MemoryAccounts): AccountStore => ({
    async authenticate(attempt) {
      const answer = await usual.authenticate(attempt);
      if (!("ok" in answer) || attempt.account === "billing") return answer;
      await answer.ok.storage.close?.();
      return { refused: attempt.account === undefined ? "account-needed" : "credentials" };
    },
    open: (account) => usual.open(account),
  }),
};

const USER_LINE = `USER ${USER}`;
const PASS_LINE = `PASS ${PASSWORD}`;

/** Another session of the account is there already. */
function beyondTheLimit(o: ServingOptions, ...lines: readonly string[]): Case {
  return {
    o: { ...o, server: { limits: { sessionsPerAccount: 1 } } },
    login: false,
    closes: true,
    async provoke(client, served) {
      const other = await served.connect();
      for (const line of lines) await other.expect(line, 331, 332, 230);
      for (const line of lines.slice(0, -1)) await client.expect(line, 331, 332);
      return await client.command(lines.at(-1) ?? "");
    },
  };
}

export const LOGIN_CASES: Cases = {
  ...casesOf("connect", {
    220: { provoke: async (_, served) => (await served.open()).reply() },
    421: {
      o: { server: { limits: { sessions: 1 } } },
      provoke: async (_, served) => (await served.open()).reply(),
    },
  }),
  ...casesOf("USER", {
    331: sentBeforeLogin(USER_LINE),
    530: sent(USER_LINE),
  }),
  ...casesOf("PASS", {
    230: sentBeforeLogin(PASS_LINE, {}, USER_LINE),
    332: sentBeforeLogin(PASS_LINE, wantsAccount, USER_LINE),
    421: beyondTheLimit({}, USER_LINE, PASS_LINE),
    503: sentBeforeLogin(PASS_LINE),
    530: sentBeforeLogin("PASS wrong", {}, USER_LINE),
  }),
  ...casesOf("ACCT", {
    202: sent("ACCT billing"),
    230: sentBeforeLogin("ACCT billing", wantsAccount, USER_LINE, PASS_LINE),
    421: beyondTheLimit(wantsAccount, USER_LINE, PASS_LINE, "ACCT billing"),
    503: sentBeforeLogin("ACCT billing"),
    530: sentBeforeLogin("ACCT wrong", wantsAccount, USER_LINE, PASS_LINE),
  }),
  ...casesOf("REIN", {
    120: {
      async provoke(client, { files }) {
        await files.put("/file", "text");
        const data = await client.active();
        // In one segment, so that REIN is there while the transfer runs.
        await client.send(Buffer.from("RETR file\r\nREIN\r\n"));
        const opened = await client.reply();
        await data.receiveAll();
        const completed = await client.reply();
        assert.deepEqual([opened.code, completed.code], [150, 226]);
        return [await client.reply(), await client.reply()];
      },
    },
    220: sent("REIN"),
  }),
  ...casesOf("QUIT", {
    221: { ...sent("QUIT"), closes: true },
  }),
};
