/** Lists of accounts as other servers keep them, read line by line. */
import { isAccountName, MAX_ACCOUNT_NAME } from "./name.js";
import { isNetwork } from "./networks.js";
import { PasswordHashError, parsePasswordHash } from "./password-hash.js";
import type { AccountQuota, AccountRecord } from "./record.js";

export const LIST_FORMATS = ["pure-ftpd", "proftpd", "htpasswd", "vsftpd"] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

/** An account as far as the list says; what is absent is for the importer to decide. */
export type ImportedAccount = {
  readonly name: string;
  readonly home?: string;
  readonly limits?: AccountRecord["limits"];
  readonly quota?: AccountQuota;
  readonly networks?: readonly string[];
  readonly comment?: string;
} & (
  | { readonly hash: string }
  | {
      /** In clear, as vsftpd's lists have it. */
      readonly password: string;
    }
);

export interface ImportedList {
  readonly accounts: readonly ImportedAccount[];
  /** What could not be taken: one line each, with its line number and without any part of a password. */
  readonly problems: readonly string[];
}

/** By the first line that is no comment; undefined when no format fits. */
export function formatOf(text: string): ListFormat | undefined {
  const first = linesOf(text).find(({ line }) => line !== "" && !line.startsWith("#"))?.line;
  if (first === undefined) return undefined;
  const fields = first.split(":").length;
  if (fields >= 13) return "pure-ftpd";
  if (fields === 7) return "proftpd";
  if (fields >= 2 && /^[^:]+:[${]/.test(first)) return "htpasswd";
  return fields === 1 ? "vsftpd" : undefined;
}

export function parseList(text: string, format: ListFormat): ImportedList {
  return format === "vsftpd" ? alternatingLines(text) : eachLine(text, PARSERS[format]);
}

type Parser = (fields: readonly string[]) => ImportedAccount;

/** `message` is shown to the operator. */
class Unusable extends Error {}

const PARSERS: Readonly<Record<Exclude<ListFormat, "vsftpd">, Parser>> = {
  /**
   * name:hash:uid:gid:gecos:home:upload rate:download rate:upload ratio:download ratio:connections:files:bytes:
   * local addresses:refused local addresses:client addresses:refused client addresses:hours
   */
  "pure-ftpd"(fields) {
    const [name = "", hash = "", , , gecos = "", home = "", up, down, , , sessions, files, bytes] = fields;
    const [, , , , , , , , , , , , , local = "", notLocal = "", clients = "", notClients = "", hours = ""] =
      fields;
    if (local !== "" || notLocal !== "" || notClients !== "" || !/^(0000-2400|0-0|)$/.test(hours.trim())) {
      throw new Unusable("it has rules for addresses or hours that Ferry does not have");
    }
    const networks = clients.split(",").filter((each) => each !== "");
    if (!networks.every(isNetwork))
      throw new Unusable("its client addresses are not all addresses or networks");
    const limits = numbers({ uploadRate: up, downloadRate: down, sessions });
    const quota = numbers({ files, bytes });
    return {
      ...base(name, hash),
      ...homeOf(home),
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(Object.keys(quota).length > 0 && { quota }),
      ...(networks.length > 0 && { networks }),
      ...(gecos.trim() !== "" && { comment: gecos }),
    };
  },
  /** AuthUserFile, which has the form of /etc/passwd: name:hash:uid:gid:gecos:home:shell */
  proftpd([name = "", hash = "", , , gecos = "", home = ""]) {
    return { ...base(name, hash), ...homeOf(home), ...(gecos.trim() !== "" && { comment: gecos }) };
  },
  htpasswd([name = "", hash = ""]) {
    return base(name, hash);
  },
};

function eachLine(text: string, parse: Parser): ImportedList {
  const accounts: ImportedAccount[] = [];
  const problems: string[] = [];
  for (const { line, number } of linesOf(text)) {
    if (line === "" || line.startsWith("#")) continue;
    try {
      accounts.push(parse(line.split(":")));
    } catch (error) {
      problems.push(`line ${number}: ${reasonOf(error)}`);
    }
  }
  return { accounts, problems };
}

/** What db_load makes vsftpd's database of: a line with the name, a line with the password, and so on. */
function alternatingLines(text: string): ImportedList {
  const accounts: ImportedAccount[] = [];
  const problems: string[] = [];
  const lines = linesOf(text);
  for (let at = 0; at < lines.length; at += 2) {
    const [name, password] = [lines[at], lines[at + 1]];
    if (name === undefined || (name.line === "" && password === undefined)) continue;
    try {
      checkName(name.line);
      if (password === undefined || password.line === "") throw new Unusable("it has no password");
      accounts.push({ name: name.line, password: password.line });
    } catch (error) {
      problems.push(`line ${name.number}: ${reasonOf(error)}`);
    }
  }
  return { accounts, problems };
}

function linesOf(text: string): { readonly line: string; readonly number: number }[] {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  return lines.map((line, index) => ({ line, number: index + 1 }));
}

function base(name: string, hash: string): { readonly name: string; readonly hash: string } {
  checkName(name);
  if (/^[!*]/.test(hash) || hash === "") throw new Unusable("its password is locked or missing");
  parsePasswordHash(hash);
  return { name, hash };
}

function checkName(name: string): void {
  if (!isAccountName(name)) {
    throw new Unusable(
      `expected a name of 1 to ${MAX_ACCOUNT_NAME} characters without "/" and control characters`,
    );
  }
}

/** Pure-FTPd marks the root by `/./`; what follows is the first directory. */
function homeOf(home: string): { readonly home?: string } {
  const root = home.replace(/\/\.\/.*$/, "").replace(/(.)\/+$/, "$1");
  if (root === "") return {};
  if (!root.startsWith("/")) throw new Unusable("its home is not absolute");
  return { home: root };
}

/** Empty and 0 mean that there is no limit. */
function numbers<Key extends string>(texts: Record<Key, string | undefined>): { [K in Key]?: number } {
  const found = Object.entries<string | undefined>(texts).flatMap(([key, text = ""]) => {
    if (text === "" || /^0+$/.test(text)) return [];
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) throw new Unusable("one of its limits is no number");
    return [[key, value] as const];
  });
  return Object.fromEntries(found) as { [K in Key]?: number };
}

function reasonOf(error: unknown): string {
  if (error instanceof Unusable || error instanceof PasswordHashError) return error.message;
  throw error;
}
