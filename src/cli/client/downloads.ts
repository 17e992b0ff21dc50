/** What `ferry get` is to get, and where each file of it goes. */
import { lstatSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { FtpClient } from "../../client/client.js";
import type { Sessions } from "../../client/pool.js";
import { remoteTree } from "../../client/tree/remote-tree.js";
import type { Tree, TreeEntry } from "../../client/tree/tree.js";
import { remoteJoin, remoteName } from "../../client/verbs/names.js";
import { escapeHostile } from "../../protocol/text.js";
import { failure, usageError } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { DownloadMove, folderError, type RemoteFile } from "./download-move.js";
import type { FileMove, FileMoves, MovedFile, Naming } from "./file-moves.js";
import { fileError, isFile } from "./folders.js";
import {
  type FileTarget,
  fileTarget,
  type LocalPlace,
  listedTarget,
  localName,
  makeFolder,
  makeFolderBelow,
  outputTarget,
} from "./local-target.js";
import type { RemotePlace } from "./places.js";
import { type ProgressDisplay, seen } from "./progress-display.js";
import { countText } from "./quantities.js";
import { expandRemote } from "./remote-glob.js";
import { warn } from "./reporting.js";
import type { TransferFlags } from "./transfer-flags.js";

export interface DownloadsOptions {
  readonly flags: TransferFlags;
  readonly target: LocalPlace;
  readonly terminal: Terminal;
  readonly display: ProgressDisplay;
  /** Told of what fails before anything moves. */
  readonly moves: FileMoves;
  /** How messages name what is on a server. */
  readonly naming: Naming;
  readonly signal: AbortSignal;
}

/** One thing that was asked for by name, or that a pattern matched. */
interface Source extends RemoteFile {
  readonly folder: boolean;
  /** By the user, not by a listing. */
  readonly named: boolean;
  readonly place: RemotePlace;
}

export class Downloads {
  readonly #o: DownloadsOptions;
  readonly #sources: Source[] = [];
  /** By where they go. */
  readonly #moves = new Map<string, FileMove>();

  constructor(o: DownloadsOptions) {
    this.#o = o;
  }

  /** What a place means, patterns too. What fails is told, not thrown, unless it ends all. */
  async add(place: RemotePlace, open: () => Promise<Sessions>): Promise<void> {
    const { moves, signal } = this.#o;
    if (place.url.type === "d") throw usageError(";type=d asks for a list of names: use `ferry ls`");
    try {
      const pool = await open();
      await pool.run((client) => this.#addAll(place, pool, client), { signal });
    } catch (error) {
      signal.throwIfAborted();
      moves.failed(error, this.#file(place, place.path, ""));
    }
  }

  /** All files; folders for them are made. */
  async plan(): Promise<readonly FileMove[]> {
    const { target, moves, signal } = this.#o;
    const count = this.#sources.length;
    if (target.kind === "file" && count > 1) {
      throw usageError(`${count} files need a folder: write "/" behind ${this.#shown(target.path)}`);
    }
    if (target.kind === "folder" && count > 0) await makeFolder(target.path);
    for (const source of this.#sources) {
      try {
        if (source.folder) await this.#planFolder(source);
        else await this.#planFile(source);
      } catch (error) {
        signal.throwIfAborted();
        const local = target.kind === "output" ? "-" : this.#shown(target.path);
        moves.failed(error, this.#file(source.place, source.path, local));
      }
    }
    return [...this.#moves.values()];
  }

  async #addAll(place: RemotePlace, pool: Sessions, client: FtpClient): Promise<void> {
    const ascii = this.#o.flags.ascii === true || place.url.type === "a";
    for (const { path, entry } of await expandRemote(client, place, { signal: this.#o.signal })) {
      const named = entry === undefined;
      const folder = named ? await this.#isFolder(client, place, path) : entry.type === "directory";
      const { size, modified, precision } = entry ?? {};
      const exact = precision === "second" ? { modified } : {};
      this.#sources.push({ place, pool, path, folder, named, ascii, ...(!folder && { size, ...exact }) });
    }
  }

  async #isRemoteFolder({ pool, path }: Source): Promise<boolean> {
    const { signal } = this.#o;
    return (await pool.run((client) => client.stat(path, { signal }), { signal })).type === "directory";
  }

  /** Without -r a name is taken for a file at first: asking would cost a turn for each. @throws CliError */
  async #isFolder(client: FtpClient, place: RemotePlace, path: string): Promise<boolean> {
    const { flags, signal, naming } = this.#o;
    if (place.url.folder) {
      if (await isFile(client, path, signal)) throw fileError(naming(place, path));
      return true;
    }
    if (flags.recursive !== true) return false;
    return (await client.stat(path, { signal })).type === "directory";
  }

  async #planFile(source: Source): Promise<void> {
    const { target, terminal } = this.#o;
    if (target.kind === "output") return this.#add(source, source.path, outputTarget(terminal));
    const path = target.kind === "file" ? target.path : join(target.path, localName(source.path));
    if (!source.named) return this.#add(source, source.path, listedTarget(path));
    // What stands in the way of a folder here may well be that folder.
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() === true && (await this.#isRemoteFolder(source)))
      throw folderError(this.#named(source));
    this.#add(source, source.path, await fileTarget(path));
  }

  async #planFolder(source: Source): Promise<void> {
    const { flags, target, signal, display } = this.#o;
    const { pool, path } = source;
    if (flags.recursive !== true) throw folderError(this.#named(source));
    if (target.kind === "output") throw usageError("a folder cannot go to standard output");
    const nameless = remoteName(path) === "";
    const root = target.kind === "file" || nameless ? target.path : join(target.path, localName(path));
    const tree = await remoteTree(pool, path, { keep: seen(display), follow: false, signal });
    if (!tree.exists) throw failure(`${escapeHostile(this.#named(source))}: there is no such folder`);
    await makeFolder(root);
    this.#tellUnseen(source, tree);
    const closed = new Set<string>();
    for (const [below, entry] of tree.entries) {
      // Nothing is written through what stands in the place of a folder; it was told.
      if (closed.has(dirname(below))) {
        if (entry.type === "directory") closed.add(below);
        continue;
      }
      const file = { path: remoteJoin(path, below), local: join(root, below) };
      try {
        if (entry.type === "directory") await makeFolderBelow(file.local);
        if (entry.type === "file") this.#add(listed(source, entry), file.path, listedTarget(file.local));
      } catch (error) {
        if (entry.type === "directory") closed.add(below);
        this.#o.moves.failed(error, this.#file(source.place, file.path, this.#shown(file.local)));
      }
    }
    const links = [...tree.entries.values()].filter(({ type }) => type === "link").length;
    if (links > 0) warn(`${countText(links, "link was", "links were")} left out`, display, flags);
  }

  #tellUnseen({ place, path: root }: Source, { unread, unusable }: Tree): void {
    const { moves } = this.#o;
    for (const [path, error] of unread) moves.failed(error, this.#file(place, remoteJoin(root, path), ""));
    for (const name of unusable) {
      const file = this.#file(place, remoteJoin(root, name), "");
      moves.failed(failure(`${escapeHostile(file.shown)}: no file can be named so here`), file);
    }
  }

  /** @throws CliError when something else goes to the same place */
  #add(source: Source, path: string, target: FileTarget): void {
    const { flags } = this.#o;
    const local = target.kind === "file" ? this.#shown(target.path) : target.name;
    const key = target.kind === "file" ? target.path : `${target.name} ${this.#moves.size}`;
    const other = this.#moves.get(key);
    if (other !== undefined) {
      throw failure(
        `${escapeHostile(path)} and ${escapeHostile(other.path)} would both become ${escapeHostile(local)}`,
      );
    }
    this.#moves.set(
      key,
      new DownloadMove({ ...source, ...this.#file(source.place, path, local), target, flags }),
    );
  }

  #named({ place, path }: Source): string {
    return this.#o.naming(place, path);
  }

  #file(place: RemotePlace, path: string, local: string): MovedFile {
    return { path, local, shown: this.#o.naming(place, path) };
  }

  /** As the user would write it. */
  #shown(path: string): string {
    const shown = relative(this.#o.terminal.workingDirectory, path);
    return shown.startsWith("..") || shown === "" ? path : shown;
  }
}

function listed(source: Source, { size, modified, grain }: TreeEntry): Source {
  return { ...source, named: false, size, ...(grain <= 1000 && { modified }) };
}
