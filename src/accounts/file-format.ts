/** The accounts file: JSON, version 1. Parsing says what is wrong and where; formatting is its inverse. */
import { z } from "zod";
import { type AccountRecord, accountSchema, recordOf } from "./record.js";
import { describeIssue } from "./schema.js";

export { type AccountRecord, MAX_COMMENT } from "./record.js";

/** The file cannot be read, is not valid, or is held by somebody else. `message` is one line for an operator. */
export class AccountsFileError extends Error {
  override readonly name = "AccountsFileError";
  readonly code = "ERR_FERRY_ACCOUNTS_FILE";
}

/** Bounds against a wrong file given by mistake. */
export const MAX_ACCOUNTS = 100_000;
/** Editors on Windows write it. */
const BYTE_ORDER_MARK = /^\ufeff/;

/** A month's bytes must outlive the process, and many processes may serve one file. */
const accountOfFile = accountSchema.refine(({ quota }) => quota?.bytesPerMonth === undefined, {
  path: ["quota", "bytesPerMonth"],
  error: "only accounts in MongoDB have it",
});

const accountsFile = z.strictObject({
  version: z.literal(1, { error: "expected 1, the only version of this file that this Ferry knows" }),
  accounts: z.array(accountOfFile).max(MAX_ACCOUNTS),
});

/** @throws AccountsFileError with the place of the first thing that is wrong; it holds no part of a hash. */
export function parseAccountsFile(text: string): Map<string, AccountRecord> {
  const found = accountsFile.safeParse(parseJson(text.replace(BYTE_ORDER_MARK, "")));
  if (!found.success) throw new AccountsFileError(describeIssue(found.error).text);
  const accounts = new Map<string, AccountRecord>();
  for (const [at, parsed] of found.data.accounts.entries()) {
    if (accounts.has(parsed.name)) {
      throw new AccountsFileError(`accounts[${at}].name: ${JSON.stringify(parsed.name)} is there twice`);
    }
    accounts.set(parsed.name, recordOf(parsed));
  }
  return accounts;
}

/** @throws AccountsFileError when {@link parseAccountsFile} would not take the account. */
export function requireReadable(record: AccountRecord): void {
  const found = accountOfFile.safeParse(record);
  if (found.success) return;
  throw new AccountsFileError(`account ${JSON.stringify(record.name)}: ${describeIssue(found.error).text}`);
}

/** Sorted by name, so that versions of the file compare well. */
export function formatAccountsFile(accounts: Iterable<AccountRecord>): string {
  const sorted = [...accounts].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${JSON.stringify({ version: 1, accounts: sorted }, undefined, 2)}\n`;
}

/** V8's own messages quote the text around the place, which may be a hash. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, refusePrototypeKey);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const position = / at position (\d+)/.exec(error.message)?.[1];
    if (text.trim() === "") throw new AccountsFileError("it is empty");
    // Of a file that was cut off, V8 says no place.
    const isCut = /end of JSON input/.test(error.message);
    if (position === undefined && !isCut) throw new AccountsFileError("it is not valid JSON");
    const before = text.slice(0, isCut ? text.length : Number(position)).split("\n");
    if (isCut)
      throw new AccountsFileError(`it is not valid JSON: it ends too early, in line ${before.length}`);
    const column = (before.at(-1)?.length ?? 0) + 1;
    throw new AccountsFileError(`it is not valid JSON: line ${before.length}, column ${column}`);
  }
}

/** zod drops this key in silence where any key may stand; every other unknown key is an error. */
function refusePrototypeKey(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new AccountsFileError('unknown key "__proto__"');
  return value;
}
