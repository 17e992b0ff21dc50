/** Servers that repeat the password: it reaches no trace and no error, and what the client works with stays whole. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { FtpClient, type FtpClientOptions } from "ferry/client";
import { leakCheck, type Script, ScriptedServer } from "ferry/testing";
import { loginAt } from "./support/scripted.js";

leakCheck();

type Answers = NonNullable<Script["answers"]>;

/** All that a trace and the errors of a session show. */
class Seen {
  readonly #texts: string[] = [];

  optionsFor(server: ScriptedServer, o: Partial<FtpClientOptions> = {}): FtpClientOptions {
    return {
      ...loginAt(server),
      reconnect: { attempts: 2, delay: 1 },
      onTrace: (line) => void this.#texts.push(inspect(line)),
      ...o,
    };
  }

  look(what: unknown): void {
    this.#texts.push(inspect(what, { depth: 20, showHidden: true }));
  }

  /** Of a call that is to fail. */
  async failure(call: Promise<unknown>): Promise<void> {
    const error = await call.then(
      () => assert.fail("it did not fail"),
      (reason: unknown) => reason,
    );
    this.look(error);
    this.#texts.push(String(error), JSON.stringify(error));
  }

  get all(): string {
    return this.#texts.join("\n");
  }
}

describe("a server that repeats the password behind PASS", () => {
  for (const [what, answers] of Object.entries({
    "when it lets us in": { PASS: "230 Welcome, your password is secret." },
    "when it refuses us": { PASS: "530 No, not with secret." },
    "when it closes": { PASS: "421 Enough of secret." },
    "in many lines": { PASS: ["230-PASS secret", " secret", "230 secretsecret"] },
  } satisfies Record<string, Answers>)) {
    test(`does not get it into a trace or an error: ${what}`, async () => {
      await using server = await ScriptedServer.start({ answers });
      const seen = new Seen();
      try {
        await using client = await FtpClient.connect(seen.optionsFor(server));
        seen.look(client);
      } catch (error) {
        await seen.failure(Promise.reject(error));
      }
      assert.match(seen.all, /\*{4}/);
      assert.doesNotMatch(seen.all, /secret/);
    });
  }

  test("and says it in another charset, or in an account", async () => {
    await using server = await ScriptedServer.start({
      answers: { PASS: "332 Account for p\u00e4ss?", ACCT: "230 p\u00e4ss and acc0unt are right." },
    });
    const seen = new Seen();
    const more = { password: "p\u00e4ss", account: "acc0unt" };
    await using client = await FtpClient.connect(seen.optionsFor(server, more));
    await client.send("NOOP");
    assert.doesNotMatch(seen.all, /p\u00e4ss|acc0unt/);
  });
});

describe("a server that repeats the password later", () => {
  test("does not get it into a trace or an error, whatever it answers", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        PASS: "332 Account?",
        ACCT: "230 In.",
        PWD: '257 "/home/secret/acc0unt" is yours.',
        DELE: ["550-No,", " anna:secret,", "550 acc0unt."],
        MDTM: "213 secret",
        SIZE: "550 secret has none.",
        RETR: "550 Not for secret.",
        RNFR: "350 secret",
        RNTO: "421 Enough of secret.",
      },
    });
    const seen = new Seen();
    await using client = await FtpClient.connect(seen.optionsFor(server, { account: "acc0unt" }));
    assert.equal(await client.workingDirectory(), "/home/secret/acc0unt");
    await client.changeDirectory("/home/secret");
    await seen.failure(client.remove("f"));
    await seen.failure(client.modified("f"));
    await seen.failure(client.size("f"));
    await seen.failure(client.readFile("f"));
    await seen.failure(client.rename("f", "g"));
    assert.ok(server.commands.includes("CWD /home/secret"));
    assert.match(seen.all, /anna:\*{4},/);
    assert.doesNotMatch(seen.all, /secret|acc0unt/);
  });

  test("nor before it was told, in a charset of its own", async () => {
    await using server = await ScriptedServer.start({
      greeting: (peer) => peer.send(Buffer.from("220 I know p\u00e4ss.\r\n", "latin1")),
      answers: { USER: (peer) => peer.send(Buffer.from("331 Is it p\u00e4ss?\r\n", "latin1")) },
    });
    const seen = new Seen();
    const latin = { password: "p\u00e4ss", charset: "windows-1252", charsetAlways: true };
    await using client = await FtpClient.connect(seen.optionsFor(server, latin));
    assert.ok(client.connected);
    assert.match(seen.all, /I know \*{4}\./);
    assert.match(seen.all, /Is it \*{4}\?/);
  });

  test("gets a password of one or two characters hidden where it answers it only: it would be in all numbers", async () => {
    await using server = await ScriptedServer.start({
      answers: { PASS: "230 1 is right.", SIZE: "213 11", DELE: "550 No. 1 of 1." },
    });
    const seen = new Seen();
    await using client = await FtpClient.connect(seen.optionsFor(server, { password: "1" }));
    assert.equal(await client.size("f"), 11);
    await seen.failure(client.remove("f"));
    assert.match(seen.all, /\*{4} is right/);
    assert.match(seen.all, /No\. 1 of 1\./);
  });
});
