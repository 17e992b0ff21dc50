/** Whether it is a file or a folder, on a server and here. */
import { statSync } from "node:fs";
import type { FtpClient } from "../../client/client.js";
import type { FtpEntry } from "../../client/verbs/listing.js";
import { escapeHostile } from "../../protocol/text.js";
import { CliError } from "../errors.js";

/** Undefined when nobody can tell. */
export async function remoteType(
  client: FtpClient,
  path: string,
  signal: AbortSignal,
): Promise<FtpEntry["type"] | undefined> {
  if (path === "" || /^\/+$/.test(path)) return "directory";
  const found = await client.stat(path, { signal }).catch(() => undefined);
  signal.throwIfAborted();
  return found?.type;
}

export async function isFile(client: FtpClient, path: string, signal: AbortSignal): Promise<boolean> {
  return (await remoteType(client, path, signal)) === "file";
}

/** Undefined for what cannot be looked at, which whoever opens it tells. */
export function typeHere(path: string): "file" | "directory" | undefined {
  try {
    return statSync(path).isDirectory() ? "directory" : "file";
  } catch {
    return undefined;
  }
}

/** @param shown Its URL, which ends in a slash */
export function fileError(shown: string): CliError {
  const message = `${escapeHostile(shown)} is a file, and no folder: leave out the "/" at its end`;
  return new CliError(1, "ERR_FERRY_IS_FILE", message);
}
