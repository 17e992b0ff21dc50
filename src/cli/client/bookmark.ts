/** `ferry bookmark`: names for servers and folders on them. */
import type { Command } from "commander";
import type { Run } from "../command.js";
import { type ExitCode, failure, usageError } from "../errors.js";
import { jsonLine } from "../json-line.js";
import type { Terminal } from "../terminal.js";
import { isBookmarkName, readBookmarks, writeBookmarks } from "./bookmarks.js";
import { findPlace, shownUrl } from "./places.js";

const EXAMPLES = `
Examples:
  ferry bookmark add work ftps://anna@ftp.example.org/www
  ferry ls work:            # that folder
  ferry get work:docs/a.txt # seen from it
  ferry ls work:/etc        # absolute
  ferry bookmark remove work

A password in the URL is left out unless --save-password is given; .netrc is the better place for it.`;

interface Flags {
  readonly json?: boolean;
  readonly savePassword?: boolean;
}

export function defineBookmark(command: Command, terminal: Terminal, run: Run): void {
  command.addHelpText("after", EXAMPLES);
  command
    .command("add <NAME> <URL>")
    .description("make a bookmark, or give it another URL")
    .option("--save-password", "keep the password of the URL, in a file that only you may read")
    .addHelpText("after", "\nExample:\n  ferry bookmark add work ftp://anna@ftp.example.org/www")
    .action((name: string, url: string, flags: Flags) => run(add(name, url, flags, terminal)));
  command
    .command("list")
    .description("all bookmarks")
    .option("--json", "for programs: one object in each line")
    .addHelpText("after", "\nExample:\n  ferry bookmark list")
    .action((flags: Flags) => run(list(flags, terminal)));
  command
    .command("remove <NAME>")
    .description("remove a bookmark")
    .addHelpText("after", "\nExample:\n  ferry bookmark remove work")
    .action((name: string) => run(remove(name, terminal)));
}

async function add(name: string, text: string, flags: Flags, terminal: Terminal): Promise<ExitCode> {
  if (!isBookmarkName(name)) {
    throw usageError(
      "NAME: expected 2 to 64 letters, digits, dots, hyphens and underscores, beginning with a letter or digit",
    );
  }
  const { url } = await findPlace(text, terminal);
  const { password, ...rest } = url;
  const kept = flags.savePassword === true ? url : rest;
  const others = (await readBookmarks(terminal)).filter((each) => each.name !== name);
  await writeBookmarks([...others, { name, url: kept }], terminal);
  const dropped = password !== undefined && flags.savePassword !== true;
  terminal.output.write(
    `ferry: bookmark ${name} is ${shownUrl(url)}${dropped ? ", without the password (--save-password keeps it)" : ""}\n`,
  );
  return 0;
}

async function list({ json }: Flags, terminal: Terminal): Promise<ExitCode> {
  const bookmarks = await readBookmarks(terminal);
  const width = Math.max(0, ...bookmarks.map(({ name }) => name.length));
  for (const { name, url } of bookmarks) {
    const shown = shownUrl(url);
    terminal.output.write(
      json === true ? jsonLine({ name, url: shown }) : `${name.padEnd(width)}  ${shown}\n`,
    );
  }
  return 0;
}

async function remove(name: string, terminal: Terminal): Promise<ExitCode> {
  const bookmarks = await readBookmarks(terminal);
  const others = bookmarks.filter((each) => each.name !== name);
  if (others.length === bookmarks.length) throw failure(`there is no bookmark ${JSON.stringify(name)}`);
  await writeBookmarks(others, terminal);
  terminal.output.write(`ferry: bookmark ${name} removed\n`);
  return 0;
}
