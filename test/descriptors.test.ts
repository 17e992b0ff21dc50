/** A server that may open no more files: nobody is lost, and when there are some again, all is well. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { leakCheck, RawClient } from "ferry/testing";
import { projectFolder } from "./support/project.js";

leakCheck();

/** Node itself needs some dozens while it starts. */
const MOST_DESCRIPTORS = 200;
/** Each of these may hold 100 sessions. */
const ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
/** Exchanges after which the server has seen everything. */
const MOST_ROUNDS = 2000;

test("a server without descriptors answers what it can, refuses the rest, and recovers", async () => {
  const program = `ulimit -n ${MOST_DESCRIPTORS}; exec "$0" "$1" 0`;
  const example = join(projectFolder, "build", "examples", "own-storage.js");
  const child = spawn("sh", ["-c", program, process.execPath, example], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const { port, hostname: host } = new URL(/ftp:\S+/.exec(line)?.[0] ?? "");
    await using client = await RawClient.connect({ host, port: Number(port) });
    await client.login("anna", "secret");

    const crowd = ADDRESSES.flatMap((localAddress) =>
      Array.from({ length: 90 }, () =>
        connect({ host, port: Number(port), localAddress }).on("error", () => {}),
      ),
    );
    await until(async () => (await client.command("EPSV")).code === 425);
    await client.expect("NOOP", 200);
    await client.expect("STAT /", 212);
    await client.expect("RETR hello.txt", 425);

    for (const socket of crowd) socket.resume().destroy();
    await until(async () => (await client.command("EPSV")).code === 229);
    assert.equal((await client.download("RETR hello.txt")).bytes.toString(), "Hello!\n");
    await using next = await RawClient.connect({ host, port: Number(port) });
    await next.login("anna", "secret");
    assert.equal((await next.upload("STOR up", "bytes")).at(-1)?.code, 226);
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "close");
    }
    assert.deepEqual([child.exitCode, child.signalCode], [0, null]);
  }
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) if (await holds()) return;
  assert.fail("it does not come");
}
