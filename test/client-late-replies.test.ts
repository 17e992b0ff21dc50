/** Replies that come too late, or twice: none is taken for the answer to another command. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FtpClient } from "ferry/client";
import { leakCheck, type Script, type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { loginAt } from "./support/scripted.js";

leakCheck();

type Answers = NonNullable<Script["answers"]>;

const REFUSED = "550 No.";
/** As two servers in one: 550, and the end of the transfer when the next command is there. */
const LATE = "226 Transfer complete.";

/** Answers a command the first time with a late reply in front of its own. */
function behind(late: string, answer: (peer: ScriptedPeer) => void | Promise<void>): Answers[string] {
  let said = false;
  return async (peer) => {
    if (!said) peer.reply(late);
    said = true;
    await answer(peer);
  };
}

/** Refuses the file "no", and says `late` in front of its answer to the EPSV of the next transfer. */
function refusingOnce(late: string): Answers {
  let asked = 0;
  return {
    EPSV: async (peer) => {
      if (++asked === 2) peer.reply(late);
      peer.reply(`229 Here (|||${await peer.listen()}|)`);
    },
    RETR: (peer, name) => (name === "no" ? peer.reply(REFUSED) : peer.sendFile(name)),
  };
}

const replying = (text: string) => (peer: ScriptedPeer) => peer.reply(text);

async function using(
  answers: Answers,
  work: (client: FtpClient, server: ScriptedServer) => Promise<void>,
): Promise<void> {
  await using server = await ScriptedServer.start({ answers });
  await using client = await FtpClient.connect({ ...loginAt(server), reconnect: { attempts: 2, delay: 1 } });
  await work(client, server);
}

describe("a 226 that comes behind a refused transfer, when the next command was sent", () => {
  for (const [verb, answers, ask, expected] of [
    ["SIZE", { SIZE: behind(LATE, replying("213 7")) }, (c: FtpClient) => c.size("f"), 7],
    ["MDTM", { MDTM: behind(LATE, replying("213 19700101000001")) }, (c: FtpClient) => c.modified("f"), 1000],
    ["PWD", { PWD: behind(LATE, replying('257 "/a"')) }, (c: FtpClient) => c.workingDirectory(), "/a"],
  ] as const) {
    test(`is no answer to ${verb}, which is asked again on a new connection`, async () => {
      await using({ RETR: REFUSED, ...answers }, async (client, server) => {
        await assert.rejects(client.readFile("f"), { code: "ERR_FERRY_FTP_REPLY" });
        assert.equal(await ask(client), expected);
        assert.equal(server.peers.length, 2);
        assert.equal(await ask(client), expected);
        assert.equal(server.peers.length, 2);
      });
    });
  }

  test("is no answer to a command that changes something: nobody can say whether it was done", async () => {
    await using({ STOR: REFUSED, DELE: behind(LATE, replying("250 Gone.")) }, async (client, server) => {
      await assert.rejects(client.upload(Buffer.from("x"), "f"), { code: "ERR_FERRY_FTP_REPLY" });
      await assert.rejects(client.remove("f"), {
        code: "ERR_FERRY_FTP_CONNECTION",
        retryable: true,
        reply: { code: 226, lines: ["Transfer complete."] },
      });
      assert.equal(await client.workingDirectory(), "/");
      assert.equal(server.peers.length, 2);
    });
  });

  test("leads no transfer to another way of making data connections", async () => {
    await using(refusingOnce(LATE), async (client, server) => {
      await assert.rejects(client.readFile("no"), { code: "ERR_FERRY_FTP_REPLY" });
      assert.equal(String(await client.readFile("yes")), "yes");
      assert.ok(!server.verbs.includes("PASV"));
      assert.equal(server.peers.length, 2);
    });
  });

  test("is dropped when it comes together with the refusal", async () => {
    const RETR: Answers[string] = (peer) => peer.send(`150 It comes.\r\n426 It broke.\r\n${LATE}\r\n`);
    await using({ RETR, DELE: "250 Gone." }, async (client, server) => {
      await assert.rejects(client.readFile("f"), { code: "ERR_FERRY_FTP_REPLY" });
      await client.remove("f");
      assert.equal(await client.workingDirectory(), "/");
      assert.equal(server.peers.length, 1);
    });
  });
});

test("an answer to ABOR that comes with the one to the NOOP behind it is nobody's", async () => {
  const answers: Answers = {
    RETR: "150 It comes.",
    ABOR: "226 Aborted.",
    NOOP: (peer) => peer.send("200 Okay.\r\n451 Aborted, really.\r\n"),
  };
  await using(answers, async (client, server) => {
    const abort = new AbortController();
    const { signal } = abort;
    const call = client.readFile("f", { signal, onBegin: () => abort.abort() });
    await assert.rejects(call, { name: "AbortError" });
    assert.equal(await client.workingDirectory(), "/");
    assert.ok(server.verbs.includes("NOOP"));
    assert.equal(server.peers.length, 1);
  });
});

describe("a reply that is another command's", () => {
  test("is found out at the latest by its 229", async () => {
    // The second refusal of the transfer before cannot be told from one of EPSV.
    await using(refusingOnce(REFUSED), async (client, server) => {
      await assert.rejects(client.readFile("no"), { code: "ERR_FERRY_FTP_REPLY" });
      assert.equal(String(await client.readFile("yes")), "yes");
      assert.ok(!server.verbs.includes("PORT"));
      assert.equal(await client.workingDirectory(), "/");
    });
  });
});

describe("an odd code", () => {
  test("is a success wherever no transfer was refused just before", async () => {
    const odd = "226 Done.";
    const answers = { DELE: odd, MKD: odd, CWD: odd, TYPE: odd, RMD: odd, SIZE: REFUSED };
    await using({ ...answers, RETR: (peer) => peer.sendFile("x") }, async (client, server) => {
      await client.remove("f");
      await client.makeDirectory("d");
      await client.readFile("f");
      await client.remove("f");
      await client.changeDirectory("d");
      await assert.rejects(client.size("f"), { code: "ERR_FERRY_FTP_NOT_FOUND" });
      await client.removeDirectory("d");
      assert.equal(server.peers.length, 1);
    });
  });
});
