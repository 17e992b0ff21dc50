/** Where on this machine a download goes: what LOCAL means, and what is in the way. */

import { createWriteStream, lstatSync, type Stats } from "node:fs";
import { lstat, mkdir, realpath, stat } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import type { Writable } from "node:stream";
import { makeFolder as makeFolderHere } from "../../client/local-folder.js";
import { isSafeName, remoteName } from "../../client/verbs/names.js";
import { escapeHostile, isUtf8Text } from "../../protocol/text.js";
import type { WriteHandle } from "../../storage/storage.js";
import { type CliError, failure, systemCode, systemReason } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { outputSink } from "./output-sink.js";

/** What LOCAL was understood as; `path` is absolute. */
export type LocalPlace =
  | { readonly kind: "output" }
  /** A folder that is there, or that was written with "/" behind: it is made when something comes. */
  | { readonly kind: "folder"; readonly path: string }
  /** A name that nothing has yet, or that a file has. */
  | { readonly kind: "file"; readonly path: string };

/** @param text "-" is standard output; absent is the current folder. @throws CliError */
export async function localPlace(text: string | undefined, workingDirectory: string): Promise<LocalPlace> {
  if (text === "-") return { kind: "output" };
  const path = resolve(workingDirectory, text ?? ".");
  const folder =
    text === undefined ||
    text.endsWith("/") ||
    text.endsWith(sep) ||
    (await found(path))?.isDirectory() === true;
  return { kind: folder ? "folder" : "file", path };
}

/** The name that a server's file gets here. @throws CliError when no file can have it, or another place is meant */
export function localName(remote: string): string {
  const name = remoteName(remote);
  // Bytes that are no text would all become the same name here.
  if (isSafeName(name) && isUtf8Text(name)) return name;
  throw failure(
    `${escapeHostile(remote)}: no file can be named so here: give it a name, as in \`ferry get URL NAME\``,
  );
}

/** What can be written to. */
export type FileTarget =
  /** Absolute. */
  | { readonly kind: "file"; readonly path: string }
  /** Standard output, a device or a FIFO: it is written to, and never replaced. */
  | { readonly kind: "stream"; readonly name: string; open(): Writable | WriteHandle };

export function outputTarget(terminal: Terminal): FileTarget {
  return { kind: "stream", name: "-", open: () => outputSink(terminal.output) };
}

/** Of a path that the user wrote: its links are followed. @throws CliError when it cannot be a file */
export async function fileTarget(path: string): Promise<FileTarget> {
  const there = await found(path);
  if (there === undefined) {
    const folder = await found(dirname(path));
    if (folder?.isDirectory() === true) return { kind: "file", path };
    throw failure(`${escapeHostile(dirname(path))} is no folder: make it first, or write "/" behind it`);
  }
  if (there.isDirectory()) throw isFolder(path);
  if (!there.isFile()) return { kind: "stream", name: path, open: () => createWriteStream(path) };
  return { kind: "file", path: await realpath(path) };
}

/** Of a path whose name a listing told: whatever is there is replaced, links too. @throws CliError for a folder */
export function listedTarget(path: string): FileTarget {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw isFolder(path);
  return { kind: "file", path };
}

function isFolder(path: string): CliError {
  return failure(`${escapeHostile(path)} is a folder: a file cannot take its place`);
}

/** Makes a folder and those above it. @throws CliError */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeFolderHere(path);
  } catch (error) {
    throw failure(`cannot make the folder ${escapeHostile(path)}: ${systemReason(error)}`, error);
  }
}

/**
 * Makes a folder for what a listing named, below one that the user chose: no link leads out of it.
 * @throws CliError
 */
export async function makeFolderBelow(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemCode(error) === "EEXIST" && (await lstat(path)).isDirectory()) return;
    const why = systemCode(error) === "EEXIST" ? "a file, or a link, has that name" : systemReason(error);
    throw failure(`cannot make the folder ${escapeHostile(path)}: ${why}`, error);
  }
}

async function found(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw failure(`cannot look at ${escapeHostile(path)}: ${systemReason(error)}`, error);
  }
}
