/** Access control (RFC 959 4.1.1): USER, PASS, ACCT, REIN, QUIT. */
import { setTimeout as delay } from "node:timers/promises";
import type { Account, AccountLease, Refusal } from "../../accounts/accounts.js";
import { type Reply, reply } from "../../protocol/reply.js";
import { none, optionalText, requiredText } from "../argument.js";
import { defineCommand } from "../command.js";
import type { Session } from "../session.js";

const user = defineCommand({
  verb: "USER",
  reference: "RFC 959 4.1.1",
  summary: "Name the account to log in to.",
  argument: requiredText("username"),
  needs: { secureLogin: true },
  replies: [232, 331, 332, 421, 530],
  run({ session, argument: name }) {
    if (session.login.kind === "in") return reply(530, "You are logged in; send REIN before another USER.");
    session.login = { kind: "named", name };
    if (session.security.proof?.certificate !== undefined) return logInByCertificate(session, name);
    // The same for every name, so that nobody learns which ones exist.
    return PASSWORD_NEEDED;
  },
});

const PASSWORD_NEEDED = reply(331, "Send the password with PASS.");

const pass = defineCommand({
  verb: "PASS",
  reference: "RFC 959 4.1.1",
  summary: "Send the password.",
  argument: optionalText("password"),
  needs: { secureLogin: true },
  secret: true,
  replies: [230, 332, 530, 503, 421],
  run({ session, argument: password }) {
    if (session.login.kind !== "named") return reply(503, "Send USER first.");
    return logIn(session, session.login.name, { password });
  },
});

const acct = defineCommand({
  verb: "ACCT",
  reference: "RFC 959 4.1.1",
  summary: "Send the account that some logins need.",
  argument: requiredText("account-information"),
  needs: { secureLogin: true },
  secret: true,
  replies: [230, 202, 530, 503, 421],
  run({ session, argument: account }) {
    const { login } = session;
    if (login.kind === "in") return reply(202, "No account is needed.");
    if (login.kind !== "account-needed") return reply(503, "Send USER and PASS first.");
    const { name, password } = login;
    return logIn(session, name, { ...(password !== undefined && { password }), account });
  },
});

const rein = defineCommand({
  verb: "REIN",
  reference: "RFC 959 4.1.1",
  summary: "Log out, and begin again as on a new connection.",
  argument: none,
  duringTransfer: "at-end",
  replies: [120, 220],
  async run({ session, waited, preliminary }) {
    if (waited) preliminary("Logging out.");
    await session.reset();
    return reply(220, "Ready for a new user.");
  },
});

const quit = defineCommand({
  verb: "QUIT",
  reference: "RFC 959 4.1.1",
  summary: "Log out and close the connection.",
  argument: none,
  duringTransfer: "at-end",
  replies: [221],
  run: () => reply(221, "Goodbye."),
});

/** RFC 4217 4.2 leaves what a certificate is worth to the server: here, to the account store. */
async function logInByCertificate(session: Session, name: string): Promise<Reply> {
  try {
    const answer = await session.server.options.accounts.authenticate(session.loginAttempt(name));
    if (!("ok" in answer)) {
      return answer.refused === "account-needed" ? accountNeeded(session, { name }) : PASSWORD_NEEDED;
    }
    const entered = await enter(session, name, answer.ok);
    return entered.code === 230 ? reply(232, "Logged in by your certificate.") : entered;
  } catch (error) {
    if (!session.aborted) session.server.tell("warning", { message: "the account store failed", error });
    return PASSWORD_NEEDED;
  }
}

/** Without a password when a certificate stands for it. */
function accountNeeded(
  session: Session,
  login: { readonly name: string; readonly password?: string },
): Reply {
  session.login = { kind: "account-needed", ...login };
  return reply(332, "Send the account with ACCT.");
}

interface Secrets {
  readonly password?: string;
  readonly account?: string;
}

/** A store that throws, or answers what is no answer, keeps people out as one that is away does. */
async function logIn(session: Session, name: string, secrets: Secrets): Promise<Reply> {
  try {
    return await ask(session, name, secrets);
  } catch (error) {
    if (!session.aborted) session.server.tell("warning", { message: "the account store failed", error });
    return await refuse(session, name, "unavailable");
  }
}

async function ask(session: Session, name: string, secrets: Secrets): Promise<Reply> {
  const attempt = { ...session.loginAttempt(name), ...secrets };
  const answer = await session.server.options.accounts.authenticate(attempt);
  if ("ok" in answer) return await enter(session, name, answer.ok);
  if (answer.refused === "account-needed" && secrets.account === undefined) {
    return accountNeeded(session, { name, ...secrets });
  }
  return await refuse(session, name, answer.refused);
}

async function enter(session: Session, name: string, account: Account): Promise<Reply> {
  if (account.requireTls !== undefined && !session.security.active) {
    await session.closeStorage(account.storage);
    return await refuse(session, name, "tls-needed");
  }
  const { options, admissions } = session.server;
  const limit = Math.min(
    options.limits.sessionsPerAccount,
    account.limits.sessions ?? Number.POSITIVE_INFINITY,
  );
  const release = admissions.acquire(`account ${account.name}`, limit);
  const lease = release === undefined ? REFUSED_BY_LIMIT : await openLease(session, account);
  if (release === undefined || "refused" in lease) {
    release?.();
    await session.closeStorage(account.storage);
    return await refuse(session, name, "refused" in lease ? lease.refused : "limit");
  }
  session.login = { kind: "in", name: account.name, lease, storage: account.storage, release };
  session.workingDirectory = account.home;
  session.failedLogins = 0;
  session.server.tell("login", { session: session.info, name, ok: true });
  return reply(230, "Logged in.");
}

type LeaseAnswer = AccountLease | { readonly refused: Refusal };

const REFUSED_BY_LIMIT: LeaseAnswer = { refused: "limit" };

async function openLease(session: Session, account: Account): Promise<LeaseAnswer> {
  const { options } = session.server;
  try {
    const lease = (await options.accounts.open?.(account, session)) ?? fixedLease(account);
    if ("refused" in lease) return lease;
    // The client, or the account, may have gone meanwhile.
    if (session.aborted || lease.current === undefined) {
      await session.endLease(lease);
      return { refused: "disabled" };
    }
    lease.onChange(() => {
      if (session.login.kind === "in" && session.login.lease === lease && lease.current === undefined) {
        session.closeWith("Your account is not available any more; closing.", "account-gone");
      }
    });
    return lease;
  } catch (error) {
    if (!session.aborted) session.server.tell("warning", { message: "the account store failed", error });
    return { refused: "unavailable" };
  }
}

/** What a refusal is called on the wire says nothing about whether the account exists. */
async function refuse(session: Session, name: string, reason: Refusal): Promise<Reply> {
  session.login = { kind: "none" };
  if (session.aborted) return reply(421, "The connection is closed.");
  session.server.tell("login", { session: session.info, name, ok: false, reason });
  if (reason === "limit") return reply(421, "Too many sessions of this account; try again later.");
  if (reason === "unavailable") return reply(421, "Logins are not possible now; try again later.");
  if (reason === "tls-needed") return reply(530, "This account needs TLS: send AUTH TLS first.");
  const { limits, timeouts } = session.server.options;
  session.failedLogins += 1;
  const wait = timeouts.failedLogin * 2 ** Math.min(session.failedLogins - 1, 3);
  await delay(wait, undefined, { signal: session.operation.signal }).catch(() => {});
  if (session.failedLogins >= limits.loginAttempts) return reply(421, "Too many failed logins; closing.");
  return reply(530, "Login incorrect.");
}

/** For stores that count nothing and change nothing while a session runs. */
function fixedLease(account: Account): AccountLease {
  return {
    current: account,
    onChange: () => {},
    reserve: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export const LOGIN = [user, pass, acct, rein, quit];
