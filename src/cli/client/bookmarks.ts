/**
 * Names for servers and folders on them: `ferry ls work:docs` after `ferry bookmark add work ftp://anna@host/`. Kept in
 * bookmarks.json in the configuration folder, which only the user may read: a URL may hold a password.
 */

import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../../client/local-folder.js";
import { type FtpUrl, formatFtpUrl, parseFtpUrl } from "../../client/url.js";
import { configurationError, failure, systemCode, systemReason } from "../errors.js";
import type { Terminal } from "../terminal.js";

export interface Bookmark {
  readonly name: string;
  readonly url: FtpUrl;
}

/** Two characters or more, since `C:` is a drive on Windows. */
const NAME = /^[\p{L}\d][\p{L}\d._-]{1,63}$/u;
/** They would look like URLs that lack their slashes. */
const SCHEMES = /^(?:ftp|ftps|ftpes|sftp|https?|file)$/i;

export function isBookmarkName(text: string): boolean {
  return NAME.test(text) && !SCHEMES.test(text);
}

/** `NAME:path` in its parts; undefined for what has not that form, such as URLs. */
export function splitBookmark(text: string): { readonly name: string; readonly path: string } | undefined {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(0, colon));
  if (!isBookmarkName(name) || text.startsWith("//", colon + 1)) return undefined;
  return { name, path: text.slice(colon + 1) };
}

/** Sorted by name; none where there is no file. @throws CliError with exit code 2 for a file that cannot be used */
export async function readBookmarks(terminal: Terminal): Promise<Bookmark[]> {
  const path = fileOf(terminal);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw configurationError(`cannot read ${path}: ${systemReason(error)}`, error);
  }
  try {
    return entriesOf(JSON.parse(text));
  } catch (error) {
    throw configurationError(
      `${path} is not as \`ferry bookmark add\` writes it: mend it or remove it`,
      error,
    );
  }
}

/** @throws TypeError, FtpArgumentError */
function entriesOf(content: unknown): Bookmark[] {
  if (typeof content !== "object" || content === null) throw new TypeError("no object");
  return Object.entries(content)
    .map(([name, url]) => {
      if (!isBookmarkName(name) || typeof url !== "string") throw new TypeError("no bookmark");
      return { name, url: parseFtpUrl(url) };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** All of them, in the place of those before. A reader sees the old ones or the new ones. */
export async function writeBookmarks(bookmarks: readonly Bookmark[], terminal: Terminal): Promise<void> {
  const path = fileOf(terminal);
  const content = Object.fromEntries(bookmarks.map(({ name, url }) => [name, formatFtpUrl(url)]));
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await makeFolder(dirname(path), 0o700);
    await writeFile(draft, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flag: "wx" });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw failure(`cannot write ${path}: ${systemReason(error)}`, error);
  }
}

function fileOf({ configurationDirectory }: Terminal): string {
  return join(configurationDirectory, "bookmarks.json");
}
