/** What a command that takes several URLs works on, one after the other. */
import type { FtpClient } from "../../client/client.js";
import { FtpNotFoundError, FtpReplyError } from "../../client/errors.js";
import type { FtpEntry } from "../../client/verbs/listing.js";
import type { ExitCode } from "../errors.js";
import { interruptible } from "../interrupts.js";
import type { Terminal } from "../terminal.js";
import { Remotes } from "./connection.js";
import { fileError, isFile } from "./folders.js";
import { atPath, findPlace, type RemotePlace, shownPlace, shownUrl } from "./places.js";
import type { RemoteFlags } from "./remote-flags.js";
import { expandRemote } from "./remote-glob.js";
import { Failures, tryEach } from "./reporting.js";

export interface Target {
  readonly client: FtpClient;
  readonly place: RemotePlace;
  readonly path: string;
  /** What a listing told of it, when a pattern found it. */
  readonly entry?: FtpEntry;
  /** For messages. */
  readonly shown: string;
  readonly signal: AbortSignal;
}

export interface TargetWork {
  readonly flags: RemoteFlags;
  /** Whether patterns are expanded; names of what is not there yet are not. */
  readonly patterns: boolean;
  /** Whether a pattern that nothing matches is no error. */
  readonly mayBeNone?: boolean;
  /** When all were tried. */
  readonly finish?: () => Promise<void>;
}

/** Does the same with everything that the texts mean: all are tried, and a mistyped URL ends it before anything is done. */
export function withTargets(
  texts: readonly string[],
  { flags, patterns, mayBeNone = false, finish }: TargetWork,
  terminal: Terminal,
  work: (target: Target, failures: Failures) => Promise<void>,
): Promise<ExitCode> {
  return interruptible(terminal, async (signal) => {
    const places = await Promise.all(texts.map((text) => findPlace(text, terminal)));
    const failures = new Failures(terminal, flags);
    await using remotes = new Remotes(flags, terminal, signal);
    const all = async (place: RemotePlace): Promise<void> => {
      const client = await remotes.client(place);
      const matches = patterns
        ? await expandRemote(client, place, { signal, mayBeNone })
        : [{ path: place.path }];
      const targets = matches.map((match) => targetOf({ client, place, signal }, match));
      await tryEach(
        targets,
        failures,
        async (target) => {
          try {
            await work(target, failures);
          } catch (error) {
            throw patterns ? await sayMissing(error, target) : error;
          }
        },
        ({ shown }) => shown,
      );
    };
    await tryEach(places, failures, all, shownPlace);
    await finish?.();
    return failures.exitCode;
  });
}

function targetOf(
  { client, place, signal }: Pick<Target, "client" | "place" | "signal">,
  { path, entry }: { readonly path: string; readonly entry?: FtpEntry },
): Target {
  const here = path === place.path ? place : atPath(place, path);
  return {
    client,
    place: here,
    path,
    shown: shownUrl(here.url),
    signal,
    ...(entry !== undefined && { entry }),
  };
}

/** A slash at the end says that it is a folder. @throws CliError when the server says that it is a file */
export async function refuseFile({ client, path, place, shown, signal }: Target): Promise<void> {
  if (place.url.folder && (await isFile(client, path, signal))) throw fileError(shown);
}

/** Some servers, vsftpd among them, say of what is not there only that something failed: asked, they tell. */
export async function sayMissing(
  error: unknown,
  { client, path, signal }: Pick<Target, "client" | "path" | "signal">,
): Promise<unknown> {
  if (!(error instanceof FtpReplyError) || error.reply.code !== 550) return error;
  const { reply } = error;
  if (/no such|not found|not exist/i.test(reply.lines.join(" "))) return error;
  const there = await client.exists(path, { signal }).catch(() => true);
  return there ? error : new FtpNotFoundError({ reply });
}

/** Whether a server refused a file because it is a folder: most say only that they cannot. */
export async function refusedAsFolder(error: unknown, { client, path, signal }: Target): Promise<boolean> {
  if (!(error instanceof FtpReplyError) || error.retryable) return false;
  const found = await client.stat(path, { signal }).catch(() => undefined);
  return found?.type === "directory";
}
