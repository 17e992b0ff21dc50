/** `ferry user`: the accounts file, from the command line. A server that runs sees every change at once. */
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { editAccountsFile, readAccountsFile } from "../accounts/file-edit.js";
import { type AccountRecord, AccountsFileError } from "../accounts/file-format.js";
import { Passwords } from "../accounts/password.js";
import type { PermissionRules } from "../accounts/permissions.js";
import { printable } from "../protocol/text.js";
import {
  configurationError,
  type ExitCode,
  failure,
  systemCode,
  systemReason,
  usageError,
} from "./errors.js";
import { askNewPassword } from "./password-prompt.js";
import { checked } from "./serve-options.js";
import type { Terminal } from "./terminal.js";
import {
  addAccountOptions,
  addFileOptions,
  limitsWith,
  publicAccount,
  type UserOptions,
} from "./user-options.js";
import { accountName } from "./values.js";

const EXAMPLES = `
Examples:
  ferry user add ann --accounts accounts.json --home /srv/ftp/ann
  ferry user add scanner --accounts accounts.json --home /srv/scans --permissions list,upload < password.txt
  ferry user set ann --accounts accounts.json --permissions read-only --download-rate 2M
  ferry user list --accounts accounts.json --json

The password is typed twice, or read from standard input; it is never given as an argument.`;

type Run = (work: Promise<ExitCode>) => Promise<void>;

export function addUserCommand(program: Command, terminal: Terminal, run: Run): void {
  const user = program
    .command("user")
    .description("accounts in an accounts file")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES);
  const named = (verb: string, description: string, example: string): Command =>
    addFileOptions(user.command(`${verb} <NAME>`).description(description)).addHelpText(
      "after",
      `\nExample:\n  ferry user ${example}`,
    );
  const on = (
    command: Command,
    act: (name: string, o: UserOptions, terminal: Terminal) => Promise<void>,
  ): void => {
    command.action((name: string, o: UserOptions) => {
      const valid = checked("NAME", name, accountName);
      return run(
        succeeding(act(valid, { ...o, accounts: resolve(terminal.workingDirectory, o.accounts) }, terminal)),
      );
    });
  };
  on(
    addAccountOptions(named("add", "make an account", "add ann --accounts accounts.json --home /srv/ann")),
    add,
  );
  addFileOptions(user.command("list").description("all accounts"))
    .addHelpText("after", "\nExample:\n  ferry user list --accounts accounts.json")
    .action((o: UserOptions) =>
      run(succeeding(list(resolve(terminal.workingDirectory, o.accounts), o, terminal))),
    );
  on(named("show", "one account", "show ann --accounts accounts.json --json"), show);
  on(named("passwd", "another password", "passwd ann --accounts accounts.json"), passwd);
  on(
    addAccountOptions(named("set", "change an account", "set ann --accounts accounts.json --max-sessions 4")),
    set,
  );
  on(named("disable", "refuse logins and end sessions", "disable ann --accounts accounts.json"), (name, o) =>
    change(name, o, terminal, (account) => ({ ...account, disabled: true }), "disabled"),
  );
  on(named("enable", "allow logins again", "enable ann --accounts accounts.json"), (name, o) =>
    change(name, o, terminal, (account) => ({ ...account, disabled: false }), "enabled"),
  );
  on(named("remove", "remove an account; its files stay", "remove ann --accounts accounts.json"), remove);
}

async function add(name: string, o: UserOptions, terminal: Terminal): Promise<void> {
  if (o.home === undefined) throw usageError("--home is needed: the folder that is the account's root");
  const home = resolve(terminal.workingDirectory, o.home);
  // Before the password is asked for: typing it for nothing is annoying.
  if ((await existing(o.accounts))?.has(name) === true) throw alreadyThere(name, o);
  const password = await hashed(await askNewPassword(name, terminal));
  const now = new Date().toISOString();
  const account: AccountRecord = {
    name,
    password,
    home,
    permissions: o.permissions ?? "all",
    limits: limitsWith({}, o),
    disabled: false,
    ...(o.comment !== undefined && { comment: o.comment }),
    created: now,
    changed: now,
  };
  const isNew = await makeHome(home);
  await edit(
    o,
    (accounts) => {
      if (accounts.has(name)) throw alreadyThere(name, o);
      accounts.set(name, account);
    },
    { create: true },
  );
  say(account, o, terminal, `added, with home ${home}${isNew ? " (made)" : ""}`);
}

async function list(file: string, o: UserOptions, terminal: Terminal): Promise<void> {
  const accounts = [...(await read(file)).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (o.json === true) {
    for (const account of accounts) writeJson(account, terminal);
    return;
  }
  const rows = accounts.map(({ name, disabled, permissions, home }) => [
    printable(name),
    disabled ? "disabled" : "enabled",
    permissionsText(permissions),
    printable(home),
  ]);
  const table = [["NAME", "STATE", "PERMISSIONS", "HOME"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  terminal.output.write(`${lines.join("\n")}\n`);
}

async function show(name: string, o: UserOptions, terminal: Terminal): Promise<void> {
  const account = (await read(o.accounts)).get(name);
  if (account === undefined) throw notThere(name, o);
  if (o.json === true) return writeJson(account, terminal);
  const { limits, permissions, ...rest } = publicAccount(account);
  const facts = { ...rest, permissions: permissionsText(permissions), ...limits };
  const lines = Object.entries(facts).map(([key, value]) => `${key}: ${printable(String(value))}`);
  terminal.output.write(`${lines.join("\n")}\n`);
}

async function passwd(name: string, o: UserOptions, terminal: Terminal): Promise<void> {
  if (!(await read(o.accounts)).has(name)) throw notThere(name, o);
  const password = await hashed(await askNewPassword(name, terminal));
  await change(name, o, terminal, (account) => ({ ...account, password }), "has a new password");
}

async function set(name: string, o: UserOptions, terminal: Terminal): Promise<void> {
  const { home: said, permissions, comment } = o;
  const home = said === undefined ? undefined : resolve(terminal.workingDirectory, said);
  const changes = [home, permissions, comment, o.maxSessions, o.uploadRate, o.downloadRate, o.idleTimeout];
  if (changes.every((each) => each === undefined))
    throw usageError("nothing to set: see `ferry user set --help`");
  if (!(await read(o.accounts)).has(name)) throw notThere(name, o);
  if (home !== undefined) await makeHome(home);
  await change(
    name,
    o,
    terminal,
    (account) => ({
      ...account,
      ...(home !== undefined && { home }),
      ...(permissions !== undefined && { permissions }),
      ...(comment !== undefined && { comment }),
      limits: limitsWith(account.limits, o),
    }),
    "changed",
  );
}

async function remove(name: string, o: UserOptions, terminal: Terminal): Promise<void> {
  const removed: AccountRecord[] = [];
  await edit(o, (accounts) => {
    const account = accounts.get(name);
    if (account === undefined) throw notThere(name, o);
    removed.push(account);
    accounts.delete(name);
  });
  for (const account of removed) say(account, o, terminal, `removed; its files are still in ${account.home}`);
}

async function change(
  name: string,
  o: UserOptions,
  terminal: Terminal,
  to: (account: AccountRecord) => AccountRecord,
  what: string,
): Promise<void> {
  const changed: AccountRecord[] = [];
  await edit(o, (accounts) => {
    const account = accounts.get(name);
    if (account === undefined) throw notThere(name, o);
    const next = { ...to(account), changed: new Date().toISOString() };
    accounts.set(name, next);
    changed.push(next);
  });
  for (const account of changed) say(account, o, terminal, what);
}

async function edit(
  o: UserOptions,
  work: (accounts: Map<string, AccountRecord>) => void,
  how?: { readonly create: boolean },
): Promise<void> {
  const changing = (accounts: Map<string, AccountRecord>): "changed" => {
    work(accounts);
    return "changed";
  };
  await orConfigurationError(editAccountsFile(o.accounts, changing, how));
}

function read(file: string): Promise<Map<string, AccountRecord>> {
  return orConfigurationError(readAccountsFile(file));
}

/** Undefined when there is no file yet, which `add` makes. */
async function existing(file: string): Promise<Map<string, AccountRecord> | undefined> {
  try {
    return await readAccountsFile(file);
  } catch (error) {
    if (error instanceof AccountsFileError && systemCode(error.cause) === "ENOENT") return undefined;
    return orConfigurationError(Promise.reject(error));
  }
}

async function orConfigurationError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AccountsFileError) throw configurationError(error.message, error);
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

/**
 * The folders above it as well. Not by mkdir's own `recursive`: that one goes on for ever where the system says
 * ENOENT though the folder above is there (autofs, /proc).
 */
async function makeFolder(path: string): Promise<boolean> {
  if (await isFolder(path)) return false;
  const above = dirname(path);
  if (above !== path) await makeFolder(above);
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    // Another process was quicker.
    if (systemCode(error) === "EEXIST" && (await isFolder(path))) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

function say(account: AccountRecord, o: UserOptions, terminal: Terminal, what: string): void {
  if (o.json === true) writeJson(account, terminal);
  else terminal.output.write(`ferry: account ${printable(account.name)} ${printable(what)}\n`);
}

function writeJson(account: AccountRecord, terminal: Terminal): void {
  terminal.output.write(`${JSON.stringify(publicAccount(account))}\n`);
}

function permissionsText(permissions: PermissionRules): string {
  if (typeof permissions === "string") return permissions;
  return Array.isArray(permissions) ? permissions.join(",") || "none" : JSON.stringify(permissions);
}

async function succeeding(work: Promise<void>): Promise<ExitCode> {
  await work;
  return 0;
}

function alreadyThere(name: string, { accounts }: UserOptions): Error {
  return failure(
    `account ${JSON.stringify(name)} is in ${accounts} already: use \`ferry user set\` or \`passwd\``,
  );
}

function notThere(name: string, { accounts }: UserOptions): Error {
  return failure(`there is no account ${JSON.stringify(name)} in ${accounts}`);
}
