/**
 * Uploads that break at every tenth of the file and exactly at its end, continued as real clients do it. What
 * counts is in the file afterwards: never an old beginning with a new end, never a piece missing.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CuttingRelay } from "../support/cutting-relay.js";
import { LocalFolder, sha256, someBytes } from "../support/files.js";
import { type ProgramEnded, runProgram, unlessInstalled } from "../support/program.js";
import { PASSWORD, TestServer, USER } from "../support/server.js";

/** A program that works on `up.bin` in the folder, through the relay's port. */
type Run = (port: number, folder: string) => Promise<ProgramEnded>;

interface Client {
  readonly name: string;
  readonly programs: readonly string[];
  /** Meets the break. */
  readonly upload: Run;
  /** What the user does then. */
  readonly continue: Run;
}

const LENGTH = 1_000_000;

const BREAKS = Array.from({ length: 10 }, (_, i) => ((i + 1) * LENGTH) / 10);

const url = (port: number) => `ftp://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/up.bin`;

const curl =
  (...flags: readonly string[]): Run =>
  (port, cwd) =>
    runProgram("curl", ["-q", "-sS", ...flags, "-T", "up.bin", url(port)], { cwd });

const lftp =
  (command: string): Run =>
  (port, cwd) => {
    const account = `open -u '${USER},${PASSWORD}' ftp://127.0.0.1:${port}`;
    const script = `set cmd:fail-exit yes; set net:max-retries 2; set net:timeout 20; ${account}; ${command}`;
    const env = { ...process.env, HOME: cwd, LC_ALL: "C.UTF-8" };
    return runProgram("lftp", ["--norc", "-c", script], { cwd, env });
  };

const ncftpput: Run = (port, cwd) => {
  const account = ["-u", USER, "-p", PASSWORD, "-P", String(port)];
  const words = [...account, "-r", "1", "-t", "20", "127.0.0.1", "/", "up.bin"];
  return runProgram("ncftpput", words, { cwd, env: { ...process.env, HOME: cwd } });
};

/**
 * lftp continues what curl began: a `put` of its own that meets the break reconnects by itself, and version 4.9.2
 * then loses bytes now and then, with vsftpd too, when its sockets hold more than has arrived.
 */
const CLIENTS: readonly Client[] = [
  { name: "curl -C -", programs: ["curl"], upload: curl(), continue: curl("-C", "-") },
  { name: "curl, from the beginning", programs: ["curl"], upload: curl(), continue: curl() },
  { name: "lftp put -c", programs: ["curl", "lftp"], upload: curl(), continue: lftp("put -c up.bin") },
  { name: "lftp put", programs: ["curl", "lftp"], upload: curl(), continue: lftp("put up.bin") },
  { name: "ncftpput", programs: ["ncftpput"], upload: ncftpput, continue: ncftpput },
];

const VISIBLE = { "no file": undefined, "a shorter file": 300_000, "a longer file": 2_000_000 } as const;

describe("a broken upload", () => {
  for (const client of CLIENTS) {
    for (const storage of ["local", "memory"] as const) {
      for (const [what, length] of Object.entries(VISIBLE)) {
        const name = `is made whole by ${client.name}: ${storage} storage, where ${what} was before`;
        test(name, { skip: unlessInstalled(...client.programs) }, async () => {
          await using server = await TestServer.start({ storage });
          for (const after of BREAKS) await breakAndContinue(server, client, length, after);
        });
      }
    }
  }

  for (const storage of ["local", "memory"] as const) {
    const name = `that the server has not noticed yet spoils nothing: ${storage} storage`;
    test(name, { skip: unlessInstalled("curl") }, async () => {
      await using server = await TestServer.start({ storage });
      for (const after of BREAKS) await breakUnnoticed(server, after);
    });
  }
});

async function breakAndContinue(
  server: TestServer,
  client: Client,
  visible: number | undefined,
  after: number,
): Promise<void> {
  await using relay = await CuttingRelay.start(server.port, after);
  using local = new LocalFolder();
  const content = someBytes(LENGTH);
  local.put("up.bin", content);
  const before = await prepare(server, visible);

  const first = await client.upload(relay.port, local.path);
  assert.equal(relay.cuts, 1, `never cut: ${first.report}`);
  assert.notEqual(first.code, 0, `a broken upload was taken for a whole one: ${first.report}`);
  assert.equal(await hashOf(server), before && sha256(before), "the visible file was touched");

  const second = await client.continue(relay.port, local.path);
  assert.equal(second.code, 0, second.report);
  assert.equal(await hashOf(server), sha256(content), `broken after ${after} bytes: ${second.report}`);
}

/** The client may be refused for now; what it must not do is to make a file of two halves. */
async function breakUnnoticed(server: TestServer, after: number): Promise<void> {
  await using relay = await CuttingRelay.start(server.port, after, "client");
  using local = new LocalFolder();
  const content = someBytes(LENGTH);
  local.put("up.bin", content);
  const before = await prepare(server, 300_000);
  const first = await curl()(relay.port, local.path);
  assert.notEqual(first.code, 0, first.report);
  const second = await curl("-C", "-")(relay.port, local.path);
  const expected = second.code === 0 ? content : before;
  assert.equal(
    await hashOf(server),
    expected && sha256(expected),
    `broken after ${after} bytes: ${second.report}`,
  );
}

async function prepare(server: TestServer, visible: number | undefined): Promise<Buffer | undefined> {
  await server.files.remove("/up.bin");
  if (visible === undefined) return undefined;
  const content = someBytes(visible);
  await server.files.put("/up.bin", content);
  return content;
}

async function hashOf(server: TestServer): Promise<string | undefined> {
  const names = await server.files.names("/");
  return names.includes("up.bin") ? sha256(await server.files.get("/up.bin")) : undefined;
}
