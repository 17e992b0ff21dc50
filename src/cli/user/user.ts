/** `ferry user`: accounts in a file or in MongoDB. A server that runs sees every change at once. */

import { resolve } from "node:path";
import type { Command } from "commander";
import type { AccountDirectory } from "../../accounts/directory.js";
import { AccountsFileError } from "../../accounts/file-format.js";
import { Passwords } from "../../accounts/password.js";
import type { AccountRecord } from "../../accounts/record.js";
import { makeFolder } from "../../client/local-folder.js";
import type { Run } from "../command.js";
import { withDirectory } from "../directories.js";
import { type ExitCode, failure, systemCode, systemReason, usageError } from "../errors.js";
import { checked } from "../flags.js";
import { askNewPassword } from "../password-prompt.js";
import type { Terminal } from "../terminal.js";
import { accountName } from "../values.js";
import { addExportCommand, addImportCommand } from "./import.js";
import {
  addAccountOptions,
  addPlaceOptions,
  recordWith,
  saysSomething,
  type UserOptions,
} from "./options.js";
import { say, writeAccount, writeJson, writeTable } from "./output.js";

const EXAMPLES = `
Examples:
  ferry user add ann --accounts accounts.json --home /srv/ftp/ann
  ferry user add scanner --accounts accounts.json --home /srv/scans --permissions list,upload < password.txt
  ferry user set ann --accounts mongodb://localhost/ferry --quota-bytes 10G --network 10.0.0.0/8
  ferry user list --accounts accounts.json --json
  ferry user import pureftpd.passwd --accounts mongodb://localhost/ferry

The password is typed twice, or read from standard input; it is never given as an argument.`;

/** One verb on one account. */
interface Task {
  readonly name: string;
  readonly o: UserOptions;
  readonly directory: AccountDirectory;
  readonly terminal: Terminal;
}

export function defineUser(user: Command, terminal: Terminal, run: Run): void {
  user.addHelpText("after", EXAMPLES);
  const named = (verb: string, description: string, example: string): Command =>
    addPlaceOptions(user.command(`${verb} <NAME>`).description(description)).addHelpText(
      "after",
      `\nExample:\n  ferry user ${example}`,
    );
  const on = (command: Command, act: (task: Task) => Promise<void>): void => {
    command.action((text: string, o: UserOptions) => {
      const name = checked("NAME", text, accountName);
      const work = withDirectory(o.accounts, terminal, (directory) => act({ name, o, directory, terminal }));
      return run(succeeding(work));
    });
  };
  on(
    addAccountOptions(named("add", "make an account", "add ann --accounts accounts.json --home /srv/ann")),
    add,
  );
  addPlaceOptions(user.command("list").description("all accounts"))
    .addHelpText("after", "\nExample:\n  ferry user list --accounts accounts.json")
    .action((o: UserOptions) =>
      run(succeeding(withDirectory(o.accounts, terminal, (directory) => list(directory, o, terminal)))),
    );
  on(named("show", "one account", "show ann --accounts accounts.json --json"), show);
  on(
    named("passwd", "another password", "passwd ann --accounts accounts.json")
      .option("--acct", "the one for ACCT, which is asked for after the password")
      .option("--no-acct", "no ACCT is needed from now on"),
    passwd,
  );
  on(
    addAccountOptions(named("set", "change an account", "set ann --accounts accounts.json --max-sessions 4")),
    set,
  );
  on(named("disable", "refuse logins and end sessions", "disable ann --accounts accounts.json"), (task) =>
    change(task, (account) => ({ ...account, disabled: true }), "disabled"),
  );
  on(named("enable", "allow logins again", "enable ann --accounts accounts.json"), (task) =>
    change(task, (account) => ({ ...account, disabled: false }), "enabled"),
  );
  on(named("remove", "remove an account; its files stay", "remove ann --accounts accounts.json"), remove);
  addImportCommand(user, terminal, run);
  addExportCommand(user, terminal, run);
}

async function add({ name, o, directory, terminal }: Task): Promise<void> {
  if (o.home === undefined) throw usageError("--home is needed: the folder that is the account's root");
  const absolute = (folder: string): string => resolve(terminal.workingDirectory, folder);
  const home = absolute(o.home);
  // Before the password is asked for: typing it for nothing is annoying.
  if ((await existing(name, directory)) !== undefined) throw alreadyThere(name, directory);
  const now = new Date().toISOString();
  const bare = { name, password: "", home, permissions: "all", limits: {}, disabled: false } as const;
  const wanted = recordWith({ ...bare, created: now, changed: now }, o, absolute);
  const account = { ...wanted, password: await hashed(await askNewPassword(name, terminal)) };
  const isNew = await makeHome(home);
  if ((await directory.create(account)) === "exists") throw alreadyThere(name, directory);
  say(account, o, terminal, `added, with home ${home}${isNew ? " (made)" : ""}`);
}

async function list(directory: AccountDirectory, o: UserOptions, terminal: Terminal): Promise<void> {
  const accounts: AccountRecord[] = [];
  for await (const account of directory.all()) {
    if (o.json === true) writeJson(account, terminal);
    else accounts.push(account);
  }
  if (o.json !== true) writeTable(accounts, terminal);
}

async function show({ name, o, directory, terminal }: Task): Promise<void> {
  const account = await directory.get(name);
  if (account === undefined) throw notThere(name, directory);
  const activity = await directory.activity?.(name);
  if (o.json === true) writeJson(account, terminal, { ...activity });
  else writeAccount(account, activity, terminal);
}

async function passwd({ name, o, directory, terminal }: Task): Promise<void> {
  if ((await directory.get(name)) === undefined) throw notThere(name, directory);
  const { acct } = o as { readonly acct?: boolean };
  const task = { name, o, directory, terminal };
  if (acct === false) {
    const without = ({ accountPassword: _hash, ...account }: AccountRecord): AccountRecord => account;
    return change(task, without, "needs no ACCT");
  }
  const password = await hashed(await askNewPassword(name, terminal));
  if (acct === true) {
    return change(task, (account) => ({ ...account, accountPassword: password }), "has a new ACCT password");
  }
  return change(task, (account) => ({ ...account, password }), "has a new password");
}

async function set(task: Task): Promise<void> {
  const { name, o, directory, terminal } = task;
  if (!saysSomething(o)) throw usageError("nothing to set: see `ferry user set --help`");
  if ((await directory.get(name)) === undefined) throw notThere(name, directory);
  const absolute = (folder: string): string => resolve(terminal.workingDirectory, folder);
  if (o.home !== undefined) await makeHome(absolute(o.home));
  await change(task, (account) => recordWith(account, o, absolute), "changed");
}

async function remove({ name, o, directory, terminal }: Task): Promise<void> {
  const removed = await directory.remove(name);
  if (removed === undefined) throw notThere(name, directory);
  say(removed, o, terminal, `removed; its files are still in ${removed.home}`);
}

async function change(
  { name, o, directory, terminal }: Task,
  to: (account: AccountRecord) => AccountRecord,
  what: string,
): Promise<void> {
  const now = new Date().toISOString();
  const changed = await directory.change(name, (account) => ({ ...to(account), changed: now }));
  if (changed === undefined) throw notThere(name, directory);
  say(changed, o, terminal, what);
}

/** Undefined also when there is no file yet, which `add` makes. */
async function existing(name: string, directory: AccountDirectory): Promise<AccountRecord | undefined> {
  try {
    return await directory.get(name);
  } catch (error) {
    if (error instanceof AccountsFileError && systemCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
}

function hashed(password: string): Promise<string> {
  return new Passwords().hash(password);
}

/** Whether it was made. */
async function makeHome(home: string): Promise<boolean> {
  try {
    return await makeFolder(home);
  } catch (error) {
    throw failure(`cannot make ${home}: ${systemReason(error)}`, error);
  }
}

async function succeeding(work: Promise<void>): Promise<ExitCode> {
  await work;
  return 0;
}

function alreadyThere(name: string, { shown }: AccountDirectory): Error {
  return failure(
    `account ${JSON.stringify(name)} is in ${shown} already: use \`ferry user set\` or \`passwd\``,
  );
}

function notThere(name: string, { shown }: AccountDirectory): Error {
  return failure(`there is no account ${JSON.stringify(name)} in ${shown}`);
}
