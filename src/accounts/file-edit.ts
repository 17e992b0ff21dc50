/** Changing the accounts file: one writer at a time, and readers see the old file or the new one, whole. */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import {
  type AccountRecord,
  AccountsFileError,
  formatAccountsFile,
  MAX_ACCOUNTS,
  parseAccountsFile,
  requireReadable,
} from "./file-format.js";
import { cannot, FileLock, statOf } from "./file-lock.js";

/** More than 100,000 accounts make; a larger file is none of ours. */
const MAX_FILE = 64 * 1024 * 1024;

/**
 * Reads the file, lets `change` work on the accounts, and writes them. Nothing is written when `change` throws
 * or returns "unchanged".
 * @throws AccountsFileError when the file is missing (unless `create`), broken, locked or not writable, or when
 *   it could not be read again after the change.
 */
export async function editAccountsFile(
  file: string,
  change: (accounts: Map<string, AccountRecord>) => "changed" | "unchanged",
  o: { readonly create?: boolean } = {},
): Promise<void> {
  const target = await targetOf(file);
  const lock = await FileLock.take(target);
  try {
    const accounts = await accountsIn(target, o.create ?? false);
    const before = new Map(accounts);
    if (change(accounts) === "unchanged") return;
    requireReadableChanges(accounts, before);
    await replaceFile(target, formatAccountsFile(accounts.values()), lock);
  } finally {
    await lock.release();
  }
}

/** @throws AccountsFileError, in one line that names the file. */
export async function readAccountsFile(file: string): Promise<Map<string, AccountRecord>> {
  let text: string;
  try {
    const found = await stat(file);
    if (found.isDirectory()) throw new AccountsFileError("it is a directory");
    if (!found.isFile()) throw new AccountsFileError("it is no regular file");
    if (found.size > MAX_FILE)
      throw new AccountsFileError(`it has ${found.size} bytes, more than any accounts file`);
    text = await readFile(file, "utf8");
  } catch (error) {
    throw cannot("read", file, error);
  }
  try {
    return parseAccountsFile(text);
  } catch (error) {
    if (error instanceof AccountsFileError) throw new AccountsFileError(`${file}: ${error.message}`);
    throw error;
  }
}

/** What was read is good already; looking at 100,000 accounts again would stop a server for half a second. */
function requireReadableChanges(
  accounts: ReadonlyMap<string, AccountRecord>,
  before: ReadonlyMap<string, AccountRecord>,
): void {
  if (accounts.size > MAX_ACCOUNTS) throw new AccountsFileError(`more than ${MAX_ACCOUNTS} accounts`);
  for (const [name, record] of accounts) if (record !== before.get(name)) requireReadable(record);
}

async function accountsIn(file: string, create: boolean): Promise<Map<string, AccountRecord>> {
  if (create && (await statOf(file)) === undefined) return new Map();
  return readAccountsFile(file);
}

/** A link is followed: what it leads to is replaced, not the link. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch {
    return file;
  }
}

/**
 * Owner and group stay, because the server may run as somebody else than who edits; the mode stays too, but
 * others than owner and group get nothing.
 */
async function replaceFile(file: string, text: string, lock: FileLock): Promise<void> {
  const before = await statOf(file);
  const temporary = `${file}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      if (before !== undefined) await keepOwner(handle, before);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await lock.check();
    await rename(temporary, file);
    await syncDirectory(dirname(file));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw cannot("write", file, error);
  }
}

async function keepOwner(
  handle: FileHandle,
  before: { readonly uid: number; readonly gid: number; readonly mode: number },
): Promise<void> {
  const now = await handle.stat();
  if (now.uid !== before.uid || now.gid !== before.gid) await handle.chown(before.uid, before.gid);
  await handle.chmod((before.mode & 0o660) | 0o600);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
