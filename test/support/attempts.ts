/** Every command that a permission is needed for, to be tried where it is allowed and where it is not. */
import type { Permission } from "ferry/accounts";
import type { RawClient } from "ferry/testing";
import type { ServedFiles } from "./files.js";
import { Serving, type ServingOptions } from "./session.js";

export interface Attempt {
  /** `@` stands before names in the directory that it is tried in. */
  readonly line: string;
  readonly needs: readonly Permission[];
  /** Of the refusal. */
  readonly code: number;
  readonly before?: string;
  readonly moves?: "up" | "down";
}

const TIME = "20240229123456";

export const ATTEMPTS: readonly Attempt[] = [
  { line: "LIST @", needs: ["list"], code: 450, moves: "down" },
  { line: "LIST -R @folder", needs: ["list"], code: 450, moves: "down" },
  { line: "NLST @*", needs: ["list"], code: 450, moves: "down" },
  { line: "MLSD @", needs: ["list"], code: 550, moves: "down" },
  { line: "MLST @file", needs: ["list"], code: 550 },
  { line: "SIZE @file", needs: ["list"], code: 550 },
  { line: "MDTM @file", needs: ["list"], code: 550 },
  { line: "STAT @file", needs: ["list"], code: 450 },
  { line: "STAT @folder", needs: ["list"], code: 450 },
  { line: "AVBL @folder", needs: ["list"], code: 550 },
  { line: "RETR @file", needs: ["download"], code: 550, moves: "down" },
  { line: "STOR @new", needs: ["upload"], code: 553, moves: "up" },
  { line: "STOR @file", needs: ["upload", "overwrite"], code: 553, moves: "up" },
  { line: "STOR @file", before: "REST 2", needs: ["upload", "overwrite"], code: 553, moves: "up" },
  { line: "APPE @file", needs: ["append"], code: 553, moves: "up" },
  { line: "DELE @file", needs: ["delete"], code: 550 },
  { line: "RNFR @file", needs: ["rename"], code: 550 },
  { line: "RNTO @new", before: "RNFR /free/file", needs: ["rename"], code: 553 },
  { line: "RNTO @file", before: "RNFR /free/file", needs: ["rename", "overwrite"], code: 553 },
  { line: "MKD @new", needs: ["make-directory"], code: 550 },
  { line: "RMD @folder", needs: ["remove-directory"], code: 550 },
  { line: `MFMT ${TIME} @file`, needs: ["set-times"], code: 550 },
  { line: `MFCT ${TIME} @file`, needs: ["set-times"], code: 550 },
  { line: `MFF Modify=${TIME}; @file`, needs: ["set-times"], code: 550 },
  { line: `SITE UTIME ${TIME} @file`, needs: ["set-times"], code: 550 },
  { line: "MFF UNIX.mode=600; @file", needs: ["set-mode"], code: 550 },
  { line: "SITE CHMOD 600 @file", needs: ["set-mode"], code: 550 },
  { line: "SITE SYMLINK target @link", needs: ["upload"], code: 550 },
];

/** A server with /place, which holds `file` and `folder`, and /free, which holds `file`. */
export async function startWithPlace(o: ServingOptions): Promise<Serving> {
  const served = await Serving.start(o);
  const { files } = served;
  for (const directory of ["/free", "/place", "/place/folder"]) await files.makeDirectory(directory);
  await files.put("/free/file", "free");
  await files.put("/place/file", "text");
  return served;
}

/** The code of the completion reply; undefined when what must come before it was refused. */
export async function attempt(client: RawClient, o: Attempt, prefix: string): Promise<number | undefined> {
  if (o.before !== undefined && (await client.command(o.before)).code >= 400) return undefined;
  const line = o.line.replace("@", prefix);
  if (o.moves === undefined) return (await client.command(line)).code;
  const replies =
    o.moves === "up" ? await client.upload(line, "text") : (await client.download(line)).replies;
  return replies.at(-1)?.code;
}

/** Names of a directory, those of directories with a slash, and what the files hold. */
export async function contentOf(files: ServedFiles, directory: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const name of await files.names(directory)) {
    try {
      content[name] = (await files.get(`${directory}/${name}`)).toString();
    } catch {
      content[`${name}/`] = "";
    }
  }
  return content;
}
