import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { SessionInfo, TransferEvent } from "../../server/events.js";
import { GuestBook } from "./guest-book.js";
import { Xferlog, xferlogLine } from "./xferlog.js";

const session: SessionInfo = {
  id: "s-1",
  peer: { address: "192.0.2.1", port: 5000 },
  local: { address: "192.0.2.2", port: 21 },
  account: "ann",
  client: undefined,
  secure: false,
};

function event(path: string, rest: Partial<TransferEvent> = {}): TransferEvent {
  return {
    session,
    verb: "RETR",
    direction: "send",
    content: "file",
    type: "binary",
    outcome: {
      id: "s-1.1",
      path,
      bytes: 2048,
      start: 0,
      duration: 2600,
      dataConnection: "closed",
      kind: "complete",
      endOfFile: "closing",
    },
    code: 226,
    ...rest,
  };
}

const NOW = new Date(2026, 0, 5, 9, 3, 7);

describe("a line of the xferlog", () => {
  test("has the fourteen fields of wu-ftpd's", () => {
    assert.equal(
      xferlogLine(event("/pub/a.txt"), NOW, undefined),
      "Mon Jan  5 09:03:07 2026 3 192.0.2.1 2048 /pub/a.txt b _ o r ann ftp 0 * c\n",
    );
    const { outcome } = event("/in/b");
    const aborted = event("/in/b", {
      direction: "receive",
      type: "ascii",
      outcome: { ...outcome, kind: "aborted", duration: 10 },
    });
    assert.equal(
      xferlogLine(aborted, NOW, undefined),
      "Mon Jan  5 09:03:07 2026 1 192.0.2.1 2048 /in/b a _ i r ann ftp 0 * i\n",
    );
  });

  test("names anonymous guests by their e-mail address", () => {
    const anonymous = event("/a", { session: { ...session, account: "anonymous" } });
    assert.match(xferlogLine(anonymous, NOW, "guest@example.com"), / o a guest@example\.com ftp 0 \* c\n$/);
    assert.match(xferlogLine(anonymous, NOW, undefined), / o a anonymous ftp 0 \* c\n$/);
  });

  test("keeps its fields whatever the pathname and the account are called", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(text, text, (path, account) => {
        const line = xferlogLine(event(path, { session: { ...session, account } }), NOW, undefined);
        assert.equal(line.replace("Jan  5", "Jan 5").split(/\s/).length, 19);
        assert.match(line, /^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*\n$/u);
      }),
      { numRuns: 300 },
    );
    assert.match(xferlogLine(event("/a b\nMon x é\udcff"), NOW, undefined), / \/a_b_Mon_x_é_ b /);
  });
});

describe("the xferlog file", () => {
  test("gets a line for each file, none for listings, and is begun again after it was moved away", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "ferry-xferlog-"));
    t.after(() => rm(directory, { recursive: true }));
    const file = join(directory, "xferlog");
    const log = await Xferlog.open(file, (message) => assert.fail(message));
    log.record(event("/one"), new GuestBook());
    log.record(event("/listing", { content: "listing" }), new GuestBook());
    await log.close();
    const again = await Xferlog.open(file, (message) => assert.fail(message));
    again.record(event("/two"), new GuestBook());
    await rename(file, `${file}.1`);
    again.reopen();
    again.record(event("/three"), new GuestBook());
    await again.close();
    assert.deepEqual(pathsIn(await readFile(`${file}.1`, "utf8")), ["/one", "/two"]);
    assert.deepEqual(pathsIn(await readFile(file, "utf8")), ["/three"]);
    assert.equal((await stat(file)).mode & 0o007, 0, "others may not read it");
  });

  test("that cannot be written is an error at the start", async () => {
    await assert.rejects(
      Xferlog.open("/nowhere/xferlog", () => {}),
      {
        exitCode: 1,
        message: "cannot write /nowhere/xferlog: there is no such file",
      },
    );
  });
});

function pathsIn(text: string): (string | undefined)[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.replace("Jan  5", "Jan 5").split(/\s+/)[8]);
}
