/** `ferry doctor`: finds out why transfers with a server fail, and what to change on which side. */
import { lookup } from "node:dns/promises";
import type { Command } from "commander";
import { settingsOf } from "../../client/options.js";
import { charsetFor } from "../../client/session/charset.js";
import { clientOptions } from "../client/connection.js";
import { findPlace, type RemotePlace, shownUrl } from "../client/places.js";
import { addRemoteFlags, type RemoteFlags } from "../client/remote-flags.js";
import type { Run } from "../command.js";
import { CliError, type ExitCode } from "../errors.js";
import { one } from "../flags.js";
import { interruptible } from "../interrupts.js";
import { jsonLine } from "../json-line.js";
import type { Terminal } from "../terminal.js";
import * as values from "../values.js";
import { type Examined, examine } from "./examination.js";
import { inOrderOfWeight, Report, summaryOf } from "./report.js";
import type { Address, Facts, Subject, World } from "./visit.js";

interface DoctorFlags extends RemoteFlags {
  readonly write?: boolean;
  readonly file?: string;
  readonly sessions?: number;
}

const EXAMPLES = `
Examples:
  ferry doctor ftp://ann@ftp.example.org/
  ferry doctor ftpes://ann@ftp.example.org/incoming/ --write
  ferry doctor ftp://ftp.example.org/pub/big.iso --json

It changes nothing on the server, unless --write lets it upload a small file, which it removes again.
The exit code is 0 when nothing is wrong, and 1 when something makes transfers fail. docs/doctor.md
tells of everything that it can find.`;

/** Seconds for each answer; a server that takes longer is not well. */
const TIMEOUT = 10;
const SLOW_GREETING = 3000;

export function defineDoctor(command: Command, terminal: Terminal, run: Run): void {
  command
    .argument("<URL>", "the server, and a folder or a file there, or a bookmark")
    .addHelpText("after", EXAMPLES);
  addRemoteFlags(command)
    .option("--write", "upload a small file and remove it: for names, times and permissions")
    .addOption(
      one("--file <path>", "download from this file, instead of the first that is found", remotePath),
    )
    .addOption(one("--sessions <number>", "try so many sessions at once, 8 at most", sessionCount))
    .action((url: string, flags: DoctorFlags) => run(doctor(url, flags, terminal)));
}

function remotePath(text: string): string {
  if (text !== "" && !/[\0\r\n]/.test(text)) return text;
  throw new values.ValueError("expected a path without line ends and NUL, which FTP cannot send");
}

function sessionCount(text: string): number {
  const count = values.count(text);
  if (count <= 8) return count;
  throw new values.ValueError("expected a number from 1 to 8");
}

async function doctor(text: string, flags: DoctorFlags, terminal: Terminal): Promise<ExitCode> {
  const place = await findPlace(text, terminal);
  const subject = await subjectOf(place, flags, terminal);
  const url = shownUrl(place.url);
  const report = flags.json === true ? undefined : new Report(terminal);
  report?.heading(url);
  let examined: Examined = { facts: {}, findings: [] };
  const work = async (signal: AbortSignal): Promise<void> => {
    examined = await examine(subject, WORLD, signal, {
      onBegin: (probe) => report?.begin(probe),
      onFinding: (finding, probe) => report?.finding(finding, probe),
    });
    signal.throwIfAborted();
  };
  let interruption: CliError | undefined;
  try {
    await interruptible(terminal, work);
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== 130) throw error;
    interruption = error;
  }
  const { findings } = examined;
  const summary = summaryOf(findings, interruption !== undefined);
  if (report === undefined)
    terminal.output.write(jsonLine(told({ url, ...examined, interrupted: interruption !== undefined })));
  else report.conclusion(findings, summary);
  if (interruption !== undefined) return 130;
  return summary.problems > 0 ? 1 : 0;
}

async function subjectOf(place: RemotePlace, flags: DoctorFlags, terminal: Terminal): Promise<Subject> {
  const options = await clientOptions(place, flags, terminal);
  const { host, port, user, password, account, proxy, charset, trace } = settingsOf(options);
  const { timeout = TIMEOUT, active = false, write = false, file, sessions = 1 } = flags;
  return {
    host,
    port,
    user,
    password,
    account,
    path: charsetFor(charset).encode(place.path),
    tls: options.tls ?? "off",
    tlsOptions: options.tlsOptions ?? {},
    timeout: timeout * 1000,
    proxy,
    active,
    write,
    file,
    sessions,
    trace: trace ?? (() => {}),
  };
}

const WORLD: World = {
  lookup: async (host) => (await lookup(host, { all: true })) as Address[],
  now: () => Date.now(),
  slowGreeting: SLOW_GREETING,
};

interface Told extends Examined {
  readonly url: string;
  readonly interrupted: boolean;
}

/** One object: `url`, `server`, `findings` in the order in which they were made, `summary`. */
function told({ url, facts, findings, interrupted }: Told): object {
  const summary = summaryOf(findings, interrupted);
  const change = inOrderOfWeight(findings).map(({ id }) => id);
  return {
    url,
    ...(interrupted && { interrupted }),
    server: serverOf(facts),
    findings,
    summary: { ...summary, change },
  };
}

function serverOf({ address, greeting, software, features, security, tlsPeer, way }: Facts): object {
  return {
    address: address?.address,
    software,
    greeting: greeting?.lines.join("\n"),
    features: features === undefined ? undefined : Object.fromEntries(features),
    control: security,
    certificate: tlsPeer?.certificate.fingerprint256,
    dataConnections: way,
  };
}
