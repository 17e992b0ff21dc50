/** `ferry user import` and `export`: lists of other servers, and the accounts file as a means of transport. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Command, Option } from "commander";
import type { AccountDirectory, Put } from "../../accounts/directory.js";
import { AccountsFileError, formatAccountsFile, parseAccountsFile } from "../../accounts/file-format.js";
import {
  formatOf,
  type ImportedAccount,
  LIST_FORMATS,
  type ListFormat,
  parseList,
} from "../../accounts/import-lists.js";
import { Passwords } from "../../accounts/password.js";
import type { AccountRecord } from "../../accounts/record.js";
import { printable } from "../../protocol/text.js";
import { withDirectory } from "../directories.js";
import {
  configurationError,
  type ExitCode,
  failure,
  systemCode,
  systemReason,
  usageError,
} from "../errors.js";
import { one } from "../flags.js";
import { jsonLine } from "../json-line.js";
import type { Terminal } from "../terminal.js";
import { newPassword, ValueError } from "../values.js";
import { addPlaceOptions } from "./options.js";

interface ImportOptions {
  readonly accounts: string;
  readonly json?: boolean;
  readonly format?: ListFormat | "ferry";
  readonly home?: string;
  readonly replace?: boolean;
  readonly dryRun?: boolean;
}

type Run = (work: Promise<ExitCode>) => Promise<void>;

/** More than a million lines; a larger file is none of ours. */
const MAX_LIST = 256 * 1024 * 1024;

export function addImportCommand(user: Command, terminal: Terminal, run: Run): void {
  addPlaceOptions(user.command("import <FILE>"))
    .description("accounts of another server, or an export; - reads standard input")
    .addOption(
      new Option("--format <kind>", "default: told by the first line").choices(["ferry", ...LIST_FORMATS]),
    )
    .addOption(one("--home <folder>", "where the list says none; {name} becomes the account's name", home))
    .option("--replace", "change accounts that are there already, instead of leaving them")
    .option("--dry-run", "say what would be done")
    .addHelpText(
      "after",
      "\nExample:\n  ferry user import pureftpd.passwd --accounts mongodb://localhost/ferry\n" +
        "  ferry user import logins.txt --format vsftpd --home /srv/ftp/{name} --accounts accounts.json",
    )
    .action((file: string, o: ImportOptions) =>
      run(withDirectory(o.accounts, terminal, (directory) => importAll(file, o, directory, terminal))),
    );
}

export function addExportCommand(user: Command, terminal: Terminal, run: Run): void {
  addPlaceOptions(user.command("export"))
    .description("all accounts with their hashes, as an accounts file, on standard output")
    .addHelpText(
      "after",
      "\nExample:\n  (umask 077; ferry user export --accounts mongodb://localhost/ferry > accounts.json)",
    )
    .action((o: { readonly accounts: string }) =>
      run(
        withDirectory<ExitCode>(o.accounts, terminal, async (directory) => {
          const accounts: AccountRecord[] = [];
          for await (const account of directory.all()) accounts.push(account);
          terminal.output.write(formatAccountsFile(accounts));
          return 0;
        }),
      ),
    );
}

/** All are tried; 1 when some could not be taken. */
async function importAll(
  file: string,
  o: ImportOptions,
  directory: AccountDirectory,
  terminal: Terminal,
): Promise<ExitCode> {
  const text = await textOf(file, terminal);
  const { records, problems } = await recordsOf(file, text, o, terminal);
  const counts: Record<Put, number> = { added: 0, replaced: 0, left: 0 };
  const replace = o.replace === true;
  const puts =
    o.dryRun === true ? wouldPut(records, replace, directory) : directory.putAll(records, { replace });
  for await (const { record, put: outcome } of puts) {
    counts[outcome] += 1;
    if (o.json === true) terminal.output.write(jsonLine({ name: record.name, outcome }));
    else terminal.output.write(`ferry: account ${printable(record.name)} ${OUTCOMES[outcome]}\n`);
  }
  for (const problem of problems) terminal.errors.write(`ferry: ${printable(problem)}\n`);
  const summary = { ...counts, failed: problems.length, dryRun: o.dryRun === true };
  if (o.json === true) terminal.output.write(jsonLine({ summary }));
  return problems.length > 0 ? 1 : 0;
}

const OUTCOMES: Readonly<Record<Put, string>> = {
  added: "added",
  replaced: "replaced",
  left: "is there already: left as it is (--replace changes it)",
};

/** What `putAll` would do. */
async function* wouldPut(
  records: readonly AccountRecord[],
  replace: boolean,
  directory: AccountDirectory,
): ReturnType<AccountDirectory["putAll"]> {
  const names = new Set<string>();
  for await (const { name } of existing(directory)) names.add(name);
  for (const record of records) {
    const put = !names.has(record.name) ? "added" : replace ? "replaced" : "left";
    names.add(record.name);
    yield { record, put };
  }
}

/** None when there is no file yet, which an import makes. */
async function* existing(directory: AccountDirectory): AsyncIterable<AccountRecord> {
  try {
    yield* directory.all();
  } catch (error) {
    if (!(error instanceof AccountsFileError) || systemCode(error.cause) !== "ENOENT") throw error;
  }
}

async function recordsOf(
  file: string,
  text: string,
  o: ImportOptions,
  terminal: Terminal,
): Promise<{ readonly records: readonly AccountRecord[]; readonly problems: readonly string[] }> {
  const format = o.format ?? (/^\s*\{/.test(text) ? "ferry" : formatOf(text));
  if (format === undefined) throw configurationError(`${file}: its format is not known: give --format`);
  if (format === "ferry") return { records: [...parseAccountsFile(text).values()], problems: [] };
  const { accounts, problems } = parseList(text, format);
  const lacking = accounts.filter((account) => account.home === undefined);
  if (lacking.length > 0 && o.home === undefined) {
    throw usageError(`${file} has no homes: give --home, such as --home /srv/ftp/{name}`);
  }
  const records: AccountRecord[] = [];
  const failed = [...problems];
  for (const account of accounts) {
    try {
      records.push(await recordOf(account, o.home ?? "", terminal));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      failed.push(`account ${JSON.stringify(account.name)}: ${error.message}`);
    }
  }
  return { records, problems: failed };
}

async function recordOf(
  account: ImportedAccount,
  template: string,
  terminal: Terminal,
): Promise<AccountRecord> {
  const { name, limits = {}, quota, networks, comment } = account;
  const folder = account.home ?? template.replaceAll("{name}", () => safeFolder(name));
  const now = new Date().toISOString();
  return {
    name,
    password: "hash" in account ? account.hash : await new Passwords().hash(newPassword(account.password)),
    home: resolve(terminal.workingDirectory, folder),
    permissions: "all",
    limits,
    ...(quota !== undefined && { quota }),
    ...(networks !== undefined && { networks }),
    disabled: false,
    ...(comment !== undefined && { comment: comment.slice(0, 1000) }),
    created: now,
    changed: now,
  };
}

/** Names hold no slash, but these two would lead elsewhere. */
function safeFolder(name: string): string {
  if (name === "." || name === "..") throw new ValueError("its name cannot be a folder's");
  return name;
}

async function textOf(file: string, terminal: Terminal): Promise<string> {
  try {
    const content =
      file === "-" ? await buffer(terminal.input) : await readFile(resolve(terminal.workingDirectory, file));
    if (content.length > MAX_LIST) throw configurationError(`${file} is larger than any list of accounts`);
    return content.toString("utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && "syscall" in error) {
      throw failure(`cannot read ${file}: ${systemReason(error)}`, error);
    }
    throw error;
  }
}

function home(text: string): string {
  if (text === "" || text.includes("\0")) throw new ValueError("expected a folder");
  return text;
}
