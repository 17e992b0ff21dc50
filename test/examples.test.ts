/** Each file of examples/, run as its first line says, and used by a client. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { leakCheck, RawClient } from "ferry/testing";
import { LocalFolder } from "./support/files.js";
import { projectFolder } from "./support/project.js";

leakCheck();

const built = join(projectFolder, "build", "examples");

/** What comes before the port on the command line. */
const ARGUMENTS: Readonly<Record<string, (folder: LocalFolder) => readonly string[]>> = {
  "serve-folder": (folder) => [folder.path],
  "accounts-in-code": () => [],
  "own-storage": () => [],
};

interface Running {
  readonly child: ChildProcess;
  readonly url: URL;
  /** All that it has printed so far. */
  readonly lines: readonly string[];
}

/** Started with port 0, it says where it listens; whatever it says on stderr fails the test. */
async function start(name: string, before: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [join(built, `${name}.js`), ...before, "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  const url = new Promise<URL>((resolve, reject) => {
    output.on("line", (line) => {
      lines.push(line);
      const found = /ftp:\/\/\S+/.exec(line);
      if (found !== null) resolve(new URL(found[0]));
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`it ended with code ${code}: ${lines.join("\n")}`)));
  });
  return { child, url: await url, lines };
}

async function stop({ child }: Running): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    // Not its exit: what it has printed comes too.
    await once(child, "close");
  }
  assert.deepEqual([child.exitCode, child.signalCode], [0, null]);
}

async function connect({ url }: Running): Promise<RawClient> {
  const client = await RawClient.connect({ host: url.hostname, port: Number(url.port) });
  await client.login(decodeURIComponent(url.username), decodeURIComponent(url.password));
  return client;
}

/** In test/client-examples.test.ts. */
const OF_THE_CLIENT = ["download-with-progress", "mirror-nightly", "react-to-errors", "upload-build-folder"];
/** In test/accounts-over-http.test.ts. */
const OF_ACCOUNTS = ["accounts-over-http"];

describe("examples", () => {
  test("are all known here", () => {
    const sources = readdirSync(join(projectFolder, "examples")).filter((name) => name.endsWith(".ts"));
    const known = [...Object.keys(ARGUMENTS), ...OF_THE_CLIENT, ...OF_ACCOUNTS];
    assert.deepEqual(sources.map((name) => name.slice(0, -3)).sort(), known.sort());
  });

  for (const [name, before] of Object.entries(ARGUMENTS)) {
    test(`${name}: uploads, lists and downloads, and ends when it is told to`, async () => {
      using folder = new LocalFolder();
      const running = await start(name, before(folder));
      try {
        await using client = await connect(running);
        assert.equal((await client.upload("STOR note.txt", "written\n")).at(-1)?.code, 226);
        assert.match((await client.download("LIST")).bytes.toString(), /^-.* 8 .* note\.txt\r$/m);
        assert.match((await client.download("MLSD")).bytes.toString(), /size=8;.* note\.txt\r$/im);
        assert.equal((await client.download("RETR note.txt")).bytes.toString(), "written\n");
        await client.expect("RNFR note.txt", 350);
        await client.expect("RNTO other.txt", 250);
        assert.equal((await client.upload("APPE other.txt", "more\n")).at(-1)?.code, 226);
        assert.equal((await client.download("RETR other.txt")).bytes.toString(), "written\nmore\n");
        await client.expect("DELE other.txt", 250);
        await client.expect("RETR other.txt", 425, 550);
      } finally {
        await stop(running);
      }
    });
  }

  test("serve-folder writes into the folder", async () => {
    using folder = new LocalFolder();
    folder.put("there.txt", "read me");
    const running = await start("serve-folder", [folder.path]);
    try {
      await using client = await connect(running);
      assert.equal((await client.download("RETR there.txt")).bytes.toString(), "read me");
      await client.upload("STOR up.txt", "uploaded");
      assert.equal(folder.get("up.txt").toString(), "uploaded");
    } finally {
      await stop(running);
    }
  });

  test("accounts-in-code lets a reader read, and logs what happened", async () => {
    const running = await start("accounts-in-code", []);
    try {
      await using editor = await connect(running);
      await editor.upload("STOR note.txt", "written");
      await using reader = await RawClient.connect({
        host: running.url.hostname,
        port: Number(running.url.port),
      });
      await reader.login("reader", "quiet");
      assert.equal((await reader.download("RETR note.txt")).bytes.toString(), "written");
      assert.equal((await reader.upload("STOR mine.txt", "no")).at(-1)?.code, 553);
      await reader.expect("QUIT", 221);
    } finally {
      await stop(running);
    }
    assert.ok(running.lines.includes("STOR /note.txt: complete, 7 bytes"), running.lines.join("\n"));
    assert.ok(running.lines.includes("reader left: quit"));
    assert.ok(running.lines.some((line) => /^login editor from 127\.0\.0\.1: true$/.test(line)));
  });

  test("own-storage begins with a note", async () => {
    const running = await start("own-storage", []);
    try {
      await using client = await connect(running);
      assert.equal((await client.download("RETR hello.txt")).bytes.toString(), "Hello!\n");
      await client.expect("MKD folder", 550);
      await client.expect("REST 3", 350);
      assert.equal((await client.download("RETR hello.txt")).bytes.toString(), "lo!\n");
    } finally {
      await stop(running);
    }
  });
});
