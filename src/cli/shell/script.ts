/** Lines that nobody types: of a file, of `-e`, or of a pipe. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { decodeText } from "../../protocol/text.js";
import { CliError, failure, systemReason } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { escapeHostile } from "./line/escapes.js";
import type { ShellSession } from "./session.js";

/** Bytes in a line of a script. */
const LONGEST = 1024 * 1024;
const LF = 0x0a;

/** Whether all lines succeeded; ends at the first that fails, unless `set fail-exit off` was said. @throws CliError */
export async function runScript(
  session: ShellSession,
  lines: AsyncIterable<string> | Iterable<string>,
  name: string,
): Promise<boolean> {
  let number = 0;
  for await (const line of lines) {
    number++;
    const where = name === "" ? "" : `${escapeHostile(name)}:${number}: `;
    if (!(await succeeds(session, line, where)) && session.settings.values.failExit !== false) return false;
    if (session.leaving) break;
  }
  return true;
}

/** What cannot be understood is a failure like others. */
async function succeeds(session: ShellSession, line: string, where: string): Promise<boolean> {
  try {
    return await session.runLine(line, where);
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === 130) throw error;
    session.screen.note(error.message);
    return false;
  }
}

/** @param path "-" is standard input. @throws CliError when it cannot be read */
export async function* linesOf(path: string, terminal: Terminal): AsyncGenerator<string, void, undefined> {
  if (path === "-") {
    yield* cut(terminal.input);
    return;
  }
  try {
    yield* cut(createReadStream(resolve(terminal.workingDirectory, path)));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw failure(`cannot read ${escapeHostile(path)}: ${systemReason(error)}`, error);
  }
}

/** As they come: whoever writes into the pipe may wait for what a line does. */
async function* cut(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<string, void, undefined> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, Buffer.from(chunk)]);
    for (let end = rest.indexOf(LF); end !== -1; end = rest.indexOf(LF)) {
      yield lineOf(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > LONGEST) throw failure("a line of the script has no end");
  }
  if (rest.length > 0) yield lineOf(rest);
}

function lineOf(bytes: Buffer): string {
  return decodeText(bytes).replace(/\r$/, "");
}
