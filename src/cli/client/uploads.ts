/** What `ferry put` is to put, and where each file of it goes. */
import { type Stats, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { FtpNotFoundError } from "../../client/errors.js";
import type { Sessions } from "../../client/pool.js";
import { localTree } from "../../client/tree/local-tree.js";
import { remoteJoin } from "../../client/verbs/names.js";
import { escapeHostile } from "../../protocol/text.js";
import { failure, systemReason, usageError } from "../errors.js";
import type { Terminal } from "../terminal.js";
import type { FileMove, FileMoves, MovedFile, Naming } from "./file-moves.js";
import { fileError } from "./folders.js";
import type { RemotePlace } from "./places.js";
import { type ProgressDisplay, seen } from "./progress-display.js";
import type { TransferFlags } from "./transfer-flags.js";
import { type KeptTimes, UploadMove } from "./upload-move.js";

export interface UploadsOptions {
  readonly flags: TransferFlags;
  readonly pool: Sessions;
  readonly place: RemotePlace;
  readonly terminal: Terminal;
  readonly display: ProgressDisplay;
  /** Told of what fails before anything moves. */
  readonly moves: FileMoves;
  /** How messages name what is on the server. */
  readonly naming: Naming;
  readonly signal: AbortSignal;
}

/** What the URL was understood as. */
type Target = "folder" | "new" | "file";

export class Uploads {
  readonly #o: UploadsOptions;
  readonly #times: KeptTimes;
  /** By where they go. */
  readonly #moves = new Map<string, FileMove>();

  constructor(o: UploadsOptions) {
    this.#o = o;
    const { display, flags } = o;
    this.#times = {
      wanted: flags.keepTimes !== false,
      onUnsupported() {
        if (this.wanted) display.note("the server does not let us set the times of files");
        this.wanted = false;
      },
    };
  }

  /** All files; folders for them are made. @param locals As the user wrote them; "-" is standard input */
  async plan(locals: readonly string[]): Promise<readonly FileMove[]> {
    const { place, moves, signal } = this.#o;
    const target = await this.#target();
    if (target !== "folder" && locals.length > 1) {
      throw usageError(`${locals.length} files need a folder: write "/" behind the URL`);
    }
    for (const local of locals) {
      try {
        await this.#planOne(local, target);
      } catch (error) {
        signal.throwIfAborted();
        moves.failed(error, this.#file(place.path, local));
      }
    }
    return [...this.#moves.values()];
  }

  async #target(): Promise<Target> {
    const { pool, place, signal } = this.#o;
    const { path } = place;
    if (path === "" || /^\/+$/.test(path)) return "folder";
    return await pool.run(
      async (client) => {
        try {
          const { type } = await client.stat(path, { signal });
          if (type === "directory") return "folder";
          if (place.url.folder && type === "file") throw fileError(this.#o.naming(place, path));
          // A link may lead to either; a name with "/" behind it is a folder.
          return place.url.folder ? "folder" : "file";
        } catch (error) {
          if (!(error instanceof FtpNotFoundError)) throw error;
          if (!place.url.folder) return "new";
          await client.makeDirectory(path, { recursive: true, signal });
          return "folder";
        }
      },
      { signal },
    );
  }

  async #planOne(local: string, target: Target): Promise<void> {
    const { place, terminal, flags } = this.#o;
    if (local === "-") {
      if (target === "folder") throw usageError("standard input has no name: the URL is to name a file");
      return this.#add(place.path, local, { kind: "pipe", stream: terminal.input });
    }
    const here = resolve(terminal.workingDirectory, local);
    const found = foundAt(here, local);
    // As cp has it: "." and what ends in "/." means what is in the folder.
    const name = /(?:^|[/\\])\.{1,2}[/\\]*$/.test(local) ? "" : basename(here);
    const there = target !== "folder" || name === "" ? place.path : remoteJoin(place.path, name);
    if (found.isDirectory()) {
      if (flags.recursive !== true)
        throw failure(`${escapeHostile(local)} is a folder: -r puts it with all that is in it`);
      if (target === "file")
        throw failure(
          `${escapeHostile(this.#o.naming(place, place.path))} is a file: a folder cannot take its place`,
        );
      return await this.#planFolder(local, here, there);
    }
    this.#add(there, local, sourceOf(here, found));
  }

  async #planFolder(local: string, here: string, there: string): Promise<void> {
    const { pool, signal, moves, display } = this.#o;
    const { entries, unread, unusable } = await localTree(here, {
      keep: seen(display),
      follow: true,
      signal,
    });
    const make = (path: string): Promise<void> =>
      pool.run((client) => client.makeDirectory(path, { recursive: true, signal }), { signal });
    if (there !== "") await make(there);
    for (const [below, { type, size = 0 }] of entries) {
      const [path, shown] = [remoteJoin(there, below), join(local, below)];
      try {
        if (type === "directory") await make(path);
        else if (type === "file") this.#add(path, shown, { kind: "file", path: join(here, below), size });
        else throw failure(`${escapeHostile(shown)} is no file, or a link that leads nowhere: left out`);
      } catch (error) {
        signal.throwIfAborted();
        moves.failed(error, this.#file(path, shown));
      }
    }
    for (const [below, error] of unread) this.#unread(there, join(local, below), systemReason(error));
    for (const below of unusable) this.#unread(there, join(local, below), "its name is no UTF-8");
  }

  #unread(path: string, local: string, why: string): void {
    this.#o.moves.failed(failure(`cannot read ${escapeHostile(local)}: ${why}`), this.#file(path, local));
  }

  #file(path: string, local: string): MovedFile {
    return { path, local, shown: this.#o.naming(this.#o.place, path) };
  }

  /** @throws CliError when something else goes to the same place */
  #add(path: string, local: string, source: ConstructorParameters<typeof UploadMove>[0]["source"]): void {
    const { pool, flags, place } = this.#o;
    const other = this.#moves.get(path);
    if (other !== undefined) {
      throw failure(
        `${escapeHostile(local)} and ${escapeHostile(other.local)} would both become ${escapeHostile(path)}`,
      );
    }
    const ascii = flags.ascii === true || place.url.type === "a";
    this.#moves.set(
      path,
      new UploadMove({ ...this.#file(path, local), pool, source, ascii, flags, times: this.#times }),
    );
  }
}

function foundAt(path: string, local: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw failure(`cannot read ${escapeHostile(local)}: ${systemReason(error)}`, error);
  }
}

function sourceOf(path: string, found: Stats): ConstructorParameters<typeof UploadMove>[0]["source"] {
  return found.isFile() ? { kind: "file", path, size: found.size } : { kind: "pipe", stream: path };
}
