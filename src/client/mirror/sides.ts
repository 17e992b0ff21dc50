/** One action of a mirror: on the server in an upload, on this machine in a download. */

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import type { AbortLike } from "../../connection/stop.js";
import type { FtpClient } from "../client.js";
import {
  FtpArgumentError,
  FtpLocalError,
  FtpNotFoundError,
  FtpReplyError,
  FtpUnsupportedError,
} from "../errors.js";
import type { Sessions } from "../pool.js";
import type { OnProgress } from "../transfer/progress.js";
import { ancestorsOf } from "../tree/tree.js";
import { remoteJoin } from "../verbs/names.js";
import type { Begun } from "./journal.js";
import type { MirrorAction, MirrorOptions } from "./options.js";
import { Twins } from "./twins.js";

export interface Attempt {
  /** Whether what the plan says of both sides is as new as can be: no retry, and no earlier run's plan. */
  readonly fresh: boolean;
  /** What the source was when an attempt before moved bytes of it. */
  readonly begun: Begun | undefined;
  /** To be told when bytes begin to move. */
  readonly begins: (what: Begun) => void;
  readonly onProgress: OnProgress | undefined;
}

export interface Side {
  /**
   * "unneeded" for a removal of what turns out to be the source's after all.
   * @throws FtpError, or what the file system throws
   */
  perform(action: MirrorAction, attempt: Attempt): Promise<"unneeded" | undefined>;
  /** Whether what looked like a directory was a link, and is removed. @throws FtpError */
  unlink(path: string): Promise<boolean>;
}

export class Upload implements Side {
  readonly #sessions: Sessions;
  readonly #o: MirrorOptions;
  readonly #twins = new Twins((path) => this.#namesIn(path));

  constructor(sessions: Sessions, o: MirrorOptions) {
    this.#sessions = sessions;
    this.#o = o;
  }

  async perform(action: MirrorAction, attempt: Attempt): Promise<"unneeded" | undefined> {
    const { remote, local, signal } = this.#o;
    const there = remoteJoin(remote, action.path);
    const here = join(local, action.path);
    // A plan of an earlier run may be old: what the source has by now stays.
    if (action.kind.startsWith("remove") && action.reason === "extra" && !attempt.fresh && isThere(here))
      return undefined;
    if (action.like !== undefined && !(await this.#twins.areTwo(action.path, action.like))) return "unneeded";
    await this.#sessions.run(
      async (client) => {
        switch (action.kind) {
          case "make-directory":
            return await client.makeDirectory(there, { recursive: true, signal });
          case "remove":
            return await client.remove(there, { signal });
          case "remove-directory":
            return await client.removeDirectory(there, { signal });
          case "transfer":
            return await this.#send(client, here, there, action, attempt);
          case "link":
          case "list":
            throw new FtpUnsupportedError("links cannot be copied to a server");
        }
      },
      { signal },
    );
    return undefined;
  }

  /** Servers whose LIST shows links have no MLST; of the others some show links as what they lead to. */
  async unlink(path: string): Promise<boolean> {
    const { remote, signal } = this.#o;
    return await this.#sessions.run(
      async (client) => {
        if (!client.features.has("MLST")) return false;
        try {
          await client.remove(remoteJoin(remote, path), { signal });
          return true;
        } catch (error) {
          if (error instanceof FtpReplyError) return false;
          throw error;
        }
      },
      { signal },
    );
  }

  async #namesIn(path: string): Promise<ReadonlySet<string>> {
    const { remote, signal } = this.#o;
    const directory = path === "" ? remote : remoteJoin(remote, path);
    return await this.#sessions.run(
      async (client) => {
        const names = new Set<string>();
        for await (const { name } of client.list(directory, { hidden: true, ...(signal && { signal }) }))
          names.add(name);
        return names;
      },
      { signal },
    );
  }

  async #send(
    client: FtpClient,
    here: string,
    there: string,
    action: MirrorAction,
    attempt: Attempt,
  ): Promise<void> {
    const { signal, keepTimes = true, verify = false } = this.#o;
    const { size, mtimeMs } = sourceOf(here);
    const now: Begun = { size, modified: mtimeMs };
    const resume = await this.#canContinue(client, there, action, now, attempt);
    await client.upload(here, there, {
      resume,
      verify,
      onBegin: () => attempt.begins(now),
      pipeline: true,
      onProgress: attempt.onProgress,
      signal,
    });
    if (!keepTimes) return;
    try {
      await client.setTimes(there, { modified: mtimeMs }, { signal });
    } catch (error) {
      // The file is there; its time is newer than its source's, so it is not moved again.
      if (!(error instanceof FtpUnsupportedError)) throw error;
    }
  }

  /**
   * Whether what the server has of it came from this very file. A server that throws a broken upload away shows
   * the file of before, whose size is known.
   */
  async #canContinue(
    client: FtpClient,
    there: string,
    { replaces }: MirrorAction,
    now: Begun,
    { begun }: Attempt,
  ): Promise<boolean> {
    if (begun === undefined || begun.size !== now.size || begun.modified !== now.modified) return false;
    try {
      const size = await client.size(there, { signal: this.#o.signal });
      return size > 0 && size < now.size && size !== replaces;
    } catch (error) {
      if (error instanceof FtpNotFoundError || error instanceof FtpUnsupportedError) return false;
      throw error;
    }
  }
}

export class Download implements Side {
  readonly #sessions: Sessions;
  readonly #o: MirrorOptions;
  /** Directories that are no links: looked at once, because links are made after all else. */
  readonly #real = new Set<string>();
  readonly #twins = new Twins(async (path) => new Set(readdirSync(join(this.#o.local, path))));

  constructor(sessions: Sessions, o: MirrorOptions) {
    this.#sessions = sessions;
    this.#o = o;
  }

  async perform(action: MirrorAction, attempt: Attempt): Promise<"unneeded" | undefined> {
    const { remote, local, signal } = this.#o;
    const { kind, path } = action;
    const here = join(local, path);
    const there = remoteJoin(remote, path);
    this.#refuseLinks(path);
    if (kind === "transfer") {
      await this.#sessions.run((client) => this.#fetch(client, here, there, action, attempt), { signal });
      return undefined;
    }
    if (kind.startsWith("remove") && !attempt.fresh && action.reason === "extra") {
      const exists = await this.#sessions.run((client) => client.exists(there, { signal }), { signal });
      if (exists) return undefined;
    }
    try {
      if (action.like !== undefined && !(await this.#twins.areTwo(path, action.like))) return "unneeded";
      await this.#change(action, here);
    } catch (cause) {
      throw new FtpLocalError("the folder on our side cannot be changed", { phase: "command", cause });
    }
    return undefined;
  }

  /** This machine tells links from directories. */
  async unlink(): Promise<boolean> {
    return false;
  }

  async #change({ kind, target = "" }: MirrorAction, here: string): Promise<void> {
    switch (kind) {
      case "make-directory":
        return isDirectory(here) ? undefined : mkdirSync(here);
      case "remove":
        return unlinkSync(here);
      case "remove-directory":
        return rmdirSync(here);
      case "link":
        if (isThere(here)) unlinkSync(here);
        return symlinkSync(target, here);
    }
  }

  async #fetch(
    client: FtpClient,
    here: string,
    there: string,
    { size, modified, grain }: MirrorAction,
    attempt: Attempt,
  ): Promise<void> {
    const { signal, keepTimes = true, verify = false } = this.#o;
    const { begun, fresh } = attempt;
    // A retry asks again: a part is only gone on with when the file is still the one of before.
    const now = fresh ? { size, modified } : await statOf(client, there, signal);
    const same =
      begun !== undefined && begun.size === now.size && isNear(begun.modified, now.modified, grain);
    const onBegin = (): void => {
      const { size: bytes, modified: time } = now;
      if (bytes !== undefined && time !== undefined) attempt.begins({ size: bytes, modified: time });
    };
    const exact = grain === undefined || !fresh;
    await client.download(there, here, {
      resume: same,
      pipeline: true,
      keepTimes,
      verify,
      known: exact
        ? { size: now.size, modified: now.modified, roughly: undefined }
        : { size: now.size, modified: undefined, roughly: now.modified },
      onBegin,
      onProgress: attempt.onProgress,
      signal,
    });
  }

  /** A link among the directories above could lead out of the folder. */
  #refuseLinks(path: string): void {
    for (const directory of ancestorsOf(path)) {
      if (this.#real.has(directory)) return;
      if (!isDirectory(join(this.#o.local, directory))) {
        throw new FtpArgumentError("a link, or a file, stands where a directory should be");
      }
    }
    for (const directory of ancestorsOf(path)) this.#real.add(directory);
  }
}

function isNear(one: number, other: number | undefined, grain = 1000): boolean {
  return other !== undefined && Math.abs(one - other) < grain;
}

/** As the server tells it of this one file, to the second where it can. */
async function statOf(
  client: FtpClient,
  path: string,
  signal: AbortLike | undefined,
): Promise<{ readonly size: number | undefined; readonly modified: number | undefined }> {
  const { size, modified } = await client.stat(path, { signal });
  return { size, modified };
}

function sourceOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    throw new FtpLocalError("the file to upload cannot be read", { phase: "command", cause });
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
