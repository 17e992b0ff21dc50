/** What a command is told to work on: a URL, or a bookmark with a path. */
import { FtpArgumentError } from "../../client/errors.js";
import { type FtpUrl, formatFtpUrl, parseFtpUrl } from "../../client/url.js";
import { remoteJoin } from "../../client/verbs/names.js";
import { escapeHostile } from "../../protocol/text.js";
import { usageError } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { readBookmarks, splitBookmark } from "./bookmarks.js";
import { hasPattern, withEscapes, withoutEscapes } from "./patterns.js";

export interface RemotePlace {
  /** With `path` in it. */
  readonly url: FtpUrl;
  /** The name itself, as the client's verbs take it. */
  readonly path: string;
  /** The same as a pattern: characters that are not to be taken for one have a backslash before them. */
  readonly pattern: string;
}

/** Whether a text means a place on a server, for commands that take local paths too: `./a:b` is always local. */
export async function isRemote(text: string, terminal: Terminal): Promise<boolean> {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return true;
  const name = splitBookmark(text)?.name;
  return name !== undefined && (await readBookmarks(terminal)).some((bookmark) => bookmark.name === name);
}

/** Where there is no URL at all, a bookmark may be mistyped. @throws CliError for what looks like one, and is none */
export async function assertBookmarks(texts: readonly string[], terminal: Terminal): Promise<void> {
  for (const text of texts) if (splitBookmark(text) !== undefined) await findPlace(text, terminal);
}

/** @throws CliError with exit code 2 for what is neither a URL nor a bookmark; without the text, if it is a URL */
export async function findPlace(text: string, terminal: Terminal): Promise<RemotePlace> {
  const found = splitBookmark(text);
  return found === undefined ? placeOfUrl(text) : await placeOfBookmark(found, terminal);
}

/** The URL for people: without the password. */
export function shownUrl({ password: _password, ...url }: FtpUrl): string {
  return formatFtpUrl(url);
}

/** The same of a place that may be a pattern, which nobody would know again with its stars encoded. */
export function shownPlace({ url, pattern }: RemotePlace): string {
  const shown = shownUrl(url);
  return hasPattern(pattern) ? shown.replace(ENCODED_SPECIAL, decodeURIComponent) : shown;
}

/** The same server, another path. */
export function atPath(place: RemotePlace, path: string): RemotePlace {
  return { url: { ...place.url, path, folder: false }, path, pattern: path };
}

function placeOfUrl(text: string): RemotePlace {
  try {
    const url = parseFtpUrl(text);
    // What is encoded is meant as it is: %2A is a star, and no pattern.
    const marked = parseFtpUrl(text.replace(ENCODED_SPECIAL, (code) => `%5C${code}`));
    return placeWith(url, marked.path);
  } catch (error) {
    if (!(error instanceof FtpArgumentError)) throw error;
    throw usageError(`${error.message}${text.includes("://") ? "" : ", or a bookmark as NAME:path"}`);
  }
}

const ENCODED_SPECIAL = /%(?:2A|3F|5B|5D|7B|7D|5C)/gi;

async function placeOfBookmark(
  { name, path }: { readonly name: string; readonly path: string },
  terminal: Terminal,
): Promise<RemotePlace> {
  const bookmark = (await readBookmarks(terminal)).find((each) => each.name === name);
  if (bookmark === undefined) {
    const host = /^\d{1,5}(?:\/|$)/.test(path) ? `, as in ftp://${name}:${path}` : "";
    throw usageError(
      escapeHostile(`there is no bookmark ${name}: see \`ferry bookmark list\`, or give a URL${host}`),
    );
  }
  const { url } = bookmark;
  if (path === "") return { url, path: url.path, pattern: withEscapes(url.path) };
  const whole = path.startsWith("/") ? path : remoteJoin(url.path, path);
  const trimmed = whole.replace(/(?<=[^/])\/+$/, "");
  const marked = path.startsWith("/") ? trimmed : trimmed.replace(url.path, () => withEscapes(url.path));
  const { type: _type, ...server } = url;
  return placeWith({ ...server, path: trimmed, folder: whole.endsWith("/") }, marked);
}

function placeWith(url: FtpUrl, pattern: string): RemotePlace {
  const path = hasPattern(pattern) ? url.path : withoutEscapes(pattern);
  return { url: { ...url, path }, path, pattern };
}
