/** Who logs in: the URL says it, or FERRY_PASSWORD, or .netrc, or whoever types; else anonymous. */
import { readFile, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { FtpUrl } from "../../client/url.js";
import { decodeText, escapeHostile } from "../../protocol/text.js";
import { configurationError, systemCode, systemReason, usageError } from "../errors.js";
import { askPassword } from "../password-prompt.js";
import type { Terminal } from "../terminal.js";
import { findNetrcEntry, type NetrcEntry } from "./netrc.js";
import type { RemoteFlags } from "./remote-flags.js";
import { warn } from "./reporting.js";

/** Nothing is for anonymous. */
export interface Login {
  readonly user?: string;
  readonly password?: string;
  readonly account?: string;
}

/**
 * Asks on the terminal, if there is one, when nothing else tells the password of a user.
 * @throws CliError when there is no password, or when Ctrl-C is typed
 */
export async function findLogin(url: FtpUrl, flags: RemoteFlags, terminal: Terminal): Promise<Login> {
  const { user, password } = url;
  if (user !== undefined && password !== undefined) return { user, password };
  const secret = user === undefined ? undefined : secretOf(user, terminal);
  if (user !== undefined && secret !== undefined) return { user, password: secret };
  const entry = await netrcEntry(url, flags, terminal);
  const name = user ?? entry?.login;
  if (name === undefined) return {};
  const account = entry?.account === undefined ? {} : { account: entry.account };
  const known = entry?.password ?? secretOf(name, terminal);
  if (known !== undefined) return { user: name, password: known, ...account };
  if (isAnonymous(name)) return { user: name, ...account };
  return { user: name, password: await typedPassword(name, url, flags, terminal), ...account };
}

/** Not for everybody's account: it would be told to a server that it is not meant for. */
function secretOf(user: string, { environment }: Terminal): string | undefined {
  const { FERRY_PASSWORD: secret = "" } = environment;
  return secret === "" || isAnonymous(user) ? undefined : secret;
}

/** RFC 1635: any password will do. */
function isAnonymous(user: string): boolean {
  return /^(?:anonymous|ftp)$/i.test(user);
}

async function typedPassword(
  user: string,
  { host }: FtpUrl,
  flags: RemoteFlags,
  terminal: Terminal,
): Promise<string> {
  const whose = `${escapeHostile(user)} on ${escapeHostile(host)}`;
  if (terminal.input.isTTY === true) return await askPassword(`Password for ${whose}: `, terminal);
  // A certificate may be all that is needed (RFC 4217 9).
  if (flags.cert !== undefined) return "";
  throw usageError(`no password for ${whose}: set FERRY_PASSWORD, or write it into ~/.netrc`);
}

/** Longer than any that a person keeps. */
const MOST_BYTES = 1024 * 1024;

async function netrcEntry(
  { host, user }: FtpUrl,
  flags: RemoteFlags,
  terminal: Terminal,
): Promise<NetrcEntry | undefined> {
  const path = terminal.environment.NETRC || join(terminal.home, ".netrc");
  let text: string;
  let open: boolean;
  try {
    const { size, mode } = await stat(path);
    if (size > MOST_BYTES) throw configurationError(`${path}: it is too long for a .netrc`);
    open = sep === "/" && (mode & 0o077) !== 0;
    text = decodeText(await readFile(path));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    if (systemCode(error) === undefined) throw error;
    throw configurationError(`cannot read ${path}: ${systemReason(error)}`, error);
  }
  const entry = findNetrcEntry(text, host, user);
  const secret = entry?.password !== undefined && !isAnonymous(entry.login ?? "");
  if (secret && open) warn(`others may read the passwords in ${path}: chmod 600 ${path}`, terminal, flags);
  return entry;
}
