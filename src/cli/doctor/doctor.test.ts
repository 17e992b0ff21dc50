import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatExtendedPassiveReply } from "../../protocol/host-port.js";
import { leakCheck } from "../../testing/leak-check.js";
import {
  type Script,
  type ScriptedAnswer,
  type ScriptedPeer,
  ScriptedServer,
} from "../../testing/scripted-server.js";
import { runProgram } from "../program.js";
import { type FakeOptions, type FakeTerminal, fakeTerminal } from "../terminal.support.test.js";
import type { Finding } from "./finding.js";
import { healthy, identity, listLine, SOON, sendData, withTls } from "./scene.support.test.js";

const PASSWORD = "open-sesame";

interface Ran {
  readonly code: number;
  readonly terminal: FakeTerminal;
  readonly server: ScriptedServer;
}

interface RunOptions {
  readonly script?: Script;
  readonly argv?: readonly string[];
  readonly scheme?: string;
  readonly path?: string;
  readonly terminal?: FakeOptions;
  readonly during?: (terminal: FakeTerminal) => Promise<void>;
}

/** `ferry doctor` in this process, at a server that is healthy but for what the script says. */
async function doctor(o: RunOptions = {}): Promise<Ran> {
  const { script = {}, argv = [], scheme = "ftp", path = "", during } = o;
  await using server = await ScriptedServer.start({
    ...script,
    answers: { ...healthy(Date.now()), ...script.answers },
  });
  const terminal = fakeTerminal({ environment: { LANG: "C.UTF-8" }, ...o.terminal });
  const url = `${scheme}://anna:${PASSWORD}@127.0.0.1:${server.port}/${path}`;
  const running = runProgram(["doctor", url, "--timeout", "5", ...argv], terminal);
  await during?.(terminal);
  return { code: await running, terminal, server };
}

interface Told {
  readonly url: string;
  readonly interrupted?: boolean;
  readonly server: Readonly<Record<string, unknown>>;
  readonly findings: readonly Finding[];
  readonly summary: { readonly text: string; readonly problems: number; readonly change: readonly string[] };
}

function told({ terminal }: Ran): Told {
  return JSON.parse(terminal.out());
}

const CLEAR = ["--tls", "off"];

describe("ferry doctor", () => {
  leakCheck();

  test("ends with 0 and says so when nothing is wrong", async () => {
    const { code, terminal } = await doctor({ argv: CLEAR });
    assert.equal(code, 0, terminal.out());
    assert.match(terminal.out(), /\nConnection\n {2}✓ Connected to 127\.0\.0\.1 port \d+ in \d+ ms\n/);
    assert.match(terminal.out(), /\nNothing is wrong\.\n$/);
    assert.doesNotMatch(terminal.out(), /What to change/);
    assert.equal(terminal.err(), "");
  });

  test("ends with 1 and tells what to change, the weightiest first, on which side", async () => {
    const answers = {
      PASV: "227 Entering Passive Mode (10,0,0,5,200,10).",
      MLSD: "500 What?",
      NOOP: "502 No.",
    };
    const { code, terminal } = await doctor({ script: { answers }, argv: CLEAR });
    assert.equal(code, 1);
    const [, change = ""] = terminal.out().split("What to change\n");
    const titles = [...change.matchAll(/^ {2}\d\. (.*)$/gm)].map(([, title]) => title);
    assert.match(titles[0] ?? "", /port that PASV tells refuses/);
    assert.match(titles[1] ?? "", /address of a private network .*: 10\.0\.0\.5/);
    assert.match(titles[2] ?? "", /MLSD, and it does not work/);
    assert.match(titles[3] ?? "", /refuses NOOP/);
    assert.match(
      change,
      /- On the server: Have it tell the address that its clients connect to, 127\.0\.0\.1/,
    );
    assert.match(change, /\n3 problems, 1 worth knowing\.\n$/);
  });

  test("names the setting of the server that it is", async () => {
    const script = { greeting: "220 (vsFTPd 3.0.5)", answers: { PASV: "227 (0,0,0,0,200,10)" } };
    const { terminal } = await doctor({ script, argv: CLEAR });
    assert.match(terminal.out(), /It is vsftpd/);
    assert.match(terminal.out().replace(/\s+/g, " "), /\(vsftpd: pasv_address\)\./);
    assert.doesNotMatch(terminal.out(), /MasqueradeAddress/);
  });

  test("knows vsftpd's words for a passive port that is taken", async () => {
    const answers = { EPSV: "500 OOPS: vsf_sysutil_bind", PASV: "500 OOPS: priv_sock_get_int" };
    const { terminal } = await doctor({ script: { greeting: "220 (vsFTPd 3.0.3)", answers }, argv: CLEAR });
    assert.match(terminal.out(), /✗ The server has no free port for passive data connections/);
    assert.doesNotMatch(terminal.out(), /The server has no (?:EPSV|PASV)/);
  });

  test("prints a password nowhere that the server repeats later", async () => {
    const answers = {
      SYST: `215 UNIX ${PASSWORD}`,
      PWD: `257 "/home/${PASSWORD}"`,
      EPSV: `500 Not for ${PASSWORD}.`,
      PASV: `500 Not for ${PASSWORD}.`,
      NOOP: `500 Not for ${PASSWORD}.`,
    };
    const { terminal } = await doctor({ script: { answers }, argv: [...CLEAR, "--trace"] });
    assert.match(terminal.err(), /< 215 UNIX \*{4}$/m);
    assert.ok(!(terminal.out() + terminal.err()).includes(PASSWORD));
  });

  test("prints one object with --json, and the password nowhere", async () => {
    const answers = { PASS: `530 The password ${PASSWORD} is wrong.` };
    const ran = await doctor({ script: { answers }, argv: [...CLEAR, "--json", "--trace"] });
    const { url, server, findings, summary } = told(ran);
    assert.equal(ran.code, 1);
    assert.match(url, /^ftp:\/\/anna@127\.0\.0\.1:\d+\/$/);
    assert.equal(server.address, "127.0.0.1");
    assert.deepEqual(summary.change, ["login-refused"]);
    assert.equal(summary.problems, 1);
    const refused = findings.find((finding) => "id" in finding && finding.id === "login-refused");
    assert.ok(refused?.kind === "problem");
    assert.equal(refused.evidence, "530 The password **** is wrong.");
    assert.deepEqual(new Set(refused.change.map(({ side }) => side)), new Set(["client", "server"]));
    assert.ok(!(ran.terminal.out() + ran.terminal.err()).includes(PASSWORD));
    assert.match(ran.terminal.err(), /> PASS \*\*\*\*/);
  });

  test("lets nothing of a server steer the terminal, as JSON neither", async () => {
    const evil = "\u001b[31m\u009b31m\u0085\u202eexe.jpg";
    const script = { greeting: `220 ${evil}`, answers: { PASS: `530 ${evil}`, SYST: `215 ${evil}` } };
    for (const json of [[], ["--json"]]) {
      const { terminal } = await doctor({ script, argv: [...CLEAR, ...json, "--trace"] });
      assert.doesNotMatch((terminal.out() + terminal.err()).replaceAll("\n", ""), /[\p{Cc}\u202e]/u);
    }
  });

  test("what was not tried after a failure is told in one paragraph", async () => {
    const { terminal } = await doctor({ script: { answers: { PASS: "530 No." } }, argv: CLEAR });
    assert.match(terminal.out(), /\nNot tried after that: what the server says it is/);
    assert.doesNotMatch(terminal.out(), /not known, the login/);
  });

  test("has ASCII marks where the locale has no UTF-8, and colours on a terminal only", async () => {
    const plain = await doctor({ argv: CLEAR, terminal: { environment: { LANG: "C" } } });
    assert.match(plain.terminal.out(), /\n {2}ok It greets\n/);
    assert.match(plain.terminal.out(), /^[\n -~]*$/);
    const coloured = await doctor({
      argv: CLEAR,
      terminal: { environment: { LANG: "C.UTF-8" }, columns: 80 },
    });
    assert.match(coloured.terminal.out(), /\u001b\[32m✓\u001b\[0m It greets/);
    const environment = { LANG: "C.UTF-8", NO_COLOR: "1" };
    const without = await doctor({ argv: CLEAR, terminal: { environment, columns: 80 } });
    assert.doesNotMatch(without.terminal.out(), /\u001b\[[\d;]*m/);
  });

  test("Ctrl-C ends it with 130 and with what is known so far", async () => {
    for (const json of [false, true]) {
      let hanging: () => void = () => {};
      const asked = new Promise<void>((resolve) => {
        hanging = resolve;
      });
      const ran = await doctor({
        script: { answers: { SYST: () => hanging() } },
        argv: [...CLEAR, ...(json ? ["--json"] : [])],
        during: async (terminal) => {
          await asked;
          terminal.signal("SIGINT");
        },
      });
      assert.equal(ran.code, 130);
      if (json) {
        assert.equal(told(ran).interrupted, true);
        assert.ok(told(ran).findings.some(({ text }) => text.startsWith("Logged in")));
      } else
        assert.match(
          ran.terminal.out(),
          /Logged in as anna.*\n\nInterrupted\. So far: Nothing is wrong\.\n$/s,
        );
    }
  });

  test("changes nothing on the server unless --write is said, and then cleans up", async () => {
    const changing = /^(?:STOR|STOU|APPE|DELE|MKD|RMD|RNFR|RNTO|SITE|MFMT|MFF|ALLO)\b/;
    const looked = await doctor({ argv: [...CLEAR, "--sessions", "3"] });
    assert.deepEqual(
      looked.server.commands.filter((command) => changing.test(command)),
      [],
    );
    const wrote = await doctor({ argv: [...CLEAR, "--write"] });
    const changes = wrote.server.commands.filter((command) => changing.test(command));
    const name = changes[0]?.slice("STOR ".length);
    assert.match(name ?? "", /^ferry-doctor-[\da-f]{8}-äöü\.txt$/);
    assert.equal(changes.at(-1), `DELE ${name}`);
    assert.ok(changes.every((command) => command.endsWith(name ?? "")));
    assert.equal(wrote.code, 0, wrote.terminal.out());
  });

  test("sends no password to a server that cannot prove who it is, where that was demanded", async () => {
    const { context } = await identity();
    const script = { answers: withTls(context) };
    const demanded = await doctor({ script, scheme: "ftpes" });
    assert.ok(!demanded.server.verbs.includes("PASS"), demanded.terminal.out());
    assert.equal(demanded.code, 1);
    const insecure = await doctor({ script, scheme: "ftpes", argv: ["--insecure"] });
    assert.ok(insecure.server.verbs.includes("PASS"));
    assert.equal(insecure.code, 0, insecure.terminal.out());
    const auto = await doctor({ script });
    assert.ok(auto.server.verbs.includes("PASS"));
    assert.equal(auto.code, 0, auto.terminal.out());
  });

  test("sends no password to a server that has another certificate than the one that was looked at", async () => {
    const [first, second] = await Promise.all([identity(), identity()]);
    let times = 0;
    const answers = withTls(first.context);
    const AUTH: ScriptedAnswer = async (peer) => {
      times++;
      peer.reply("234 Begin.");
      await peer.protect({ secureContext: times === 1 ? first.context : second.context });
    };
    const { server, terminal } = await doctor({
      script: { answers: { ...answers, AUTH } },
      argv: ["--insecure"],
    });
    assert.ok(times > 1 && !server.verbs.includes("USER"), terminal.out());
    assert.match(terminal.out(), /has another certificate than before/);
  });

  test("sends no password in clear where TLS is offered and does not come about", async () => {
    const answers = {
      AUTH: (peer: { reply(line: string): void; socket: { end(): void } }) => {
        peer.reply("234 Begin.");
        peer.socket.end();
      },
    };
    const { server, terminal } = await doctor({ script: { answers } });
    assert.ok(!server.verbs.includes("USER"), terminal.out());
  });

  test("a probe that hangs, or that ends the connection, does not end the others", async () => {
    const answers: Script["answers"] = {
      EPSV: (peer) => peer.end(),
      MLSD: () => {},
      STAT: () => {},
    };
    const ran = await doctor({
      script: { answers },
      argv: [...CLEAR, "--json", "--timeout", String(SOON / 1000)],
    });
    const { findings, summary } = told(ran);
    const byProbe = (probe: string) => findings.find((finding) => finding.probe === probe);
    assert.deepEqual(summary.change.slice().sort(), ["connection-lost", "mlsd-broken", "no-answer"]);
    assert.match(byProbe("epsv")?.text ?? "", /ended the connection .*: passive data connections by EPSV/);
    assert.equal(byProbe("data")?.kind, "ok");
    assert.equal(byProbe("restart")?.kind, "ok");
  });

  test("what a hostile server says is bounded, and cannot steer the terminal", async () => {
    const answers: Script["answers"] = {
      SYST: `215 ${"\u001b[2J\u0007x".repeat(2000)}`,
      FEAT: ["211-Features:", ...Array.from({ length: 4000 }, (_, n) => ` EVIL${n}\u001b[31m`), "211 End"],
      LIST: async (peer) => {
        peer.reply("150 Here it comes.");
        const socket = await peer.data();
        while (await peer.flood("-rw-r--r-- 1 a b 5 Nov 20 11:30 file.bin\r\n".repeat(1000), socket));
        peer.reply("426 Gone.");
      },
    };
    const { terminal } = await doctor({
      script: { greeting: "220 \u001b]0;evil\u0007", answers },
      argv: CLEAR,
    });
    assert.match(terminal.out(), /^[\n\u0020-\u007e\u00a0-\uffff]*$/);
    assert.ok(terminal.out().length < 20_000, String(terminal.out().length));
    assert.match(terminal.out(), /It greets\n {4}220 \\x1b\]0;evil\\x07\n/);
  });

  test("an endless greeting, and replies that nobody asked for, end the probe and not the program", async () => {
    const flood: Script = {
      greeting: async (peer) => {
        while (await peer.flood(`220-${"x".repeat(1000)}\r\n`.repeat(64)));
      },
    };
    const ran = await doctor({ script: flood, argv: [...CLEAR, "--json"] });
    assert.deepEqual(told(ran).summary.change, ["greeting-not-ftp"]);
    const babble: Script = {
      answers: {
        SYST: async (peer) => {
          while (await peer.flood("200 And more.\r\n".repeat(1000)));
        },
      },
    };
    const babbled = await doctor({ script: babble, argv: [...CLEAR, "--json"] });
    assert.ok(told(babbled).findings.some(({ probe, kind }) => probe === "restart" && kind === "ok"));
  });

  test("a listing that is too long to be read whole is no reason for complaint", async () => {
    const now = Date.now();
    const many = (line: string) => (peer: ScriptedPeer) => sendData(peer, line.repeat(12_000));
    const answers = {
      LIST: many(listLine(now, "ä.bin")),
      MLSD: many(`type=file;size=5000;modify=20200101000000; ${"ä".repeat(9)}.bin\r\n`),
    };
    const ran = await doctor({ script: { answers }, argv: [...CLEAR, "--json"] });
    const kinds = ["list", "mlsd", "charset"].map(
      (id) => told(ran).findings.find(({ probe }) => probe === id)?.kind,
    );
    assert.deepEqual(kinds, ["ok", "ok", "ok"], ran.terminal.out());
  });

  test("a range of one passive port is enough", async () => {
    let asked = 0;
    const answers: Script["answers"] = {
      EPSV: async (peer) => {
        asked++;
        if (asked === 2) peer.reply("425 No port is free.");
        else peer.reply(`229 ${formatExtendedPassiveReply(await peer.listen())}`);
      },
    };
    const { code, terminal } = await doctor({ script: { answers }, argv: CLEAR });
    assert.equal(code, 0, terminal.out());
    assert.match(terminal.out(), /✓ EPSV works; its ports were \d+\n/);
  });

  test("Ctrl-C in the middle of writing leaves nothing behind, and says so where it had to", async () => {
    for (const reply of ["250 Gone.", "550 You may not."]) {
      let hanging: () => void = () => {};
      const asked = new Promise<void>((resolve) => {
        hanging = resolve;
      });
      const ran = await doctor({
        script: { answers: { MFMT: () => hanging(), DELE: reply } },
        argv: [...CLEAR, "--write", "--json"],
        during: async (terminal) => {
          await asked;
          terminal.signal("SIGINT");
        },
      });
      assert.equal(ran.code, 130);
      const name = ran.server.commands.find((command) => command.startsWith("STOR "))?.slice("STOR ".length);
      assert.ok(ran.server.commands.includes(`DELE ${name}`));
      assert.deepEqual(told(ran).summary.change, reply.startsWith("250") ? [] : ["file-left"]);
    }
  });

  test("says on a terminal what it is waiting for, and nowhere else", async () => {
    const lively = await doctor({ argv: CLEAR, terminal: { environment: { LANG: "C.UTF-8" }, columns: 80 } });
    assert.match(lively.terminal.out(), /\.\.\. passive data connections by EPSV.*\r\u001b\[K/);
    const dumb = await doctor({ argv: CLEAR, terminal: { environment: { TERM: "dumb" }, columns: 80 } });
    assert.doesNotMatch(dumb.terminal.out(), /[\r\u001b]/);
  });

  test("looks at the folder of the URL, or downloads from the file that it names", async () => {
    const folder = await doctor({ argv: CLEAR, path: "pub/new/" });
    assert.ok(folder.server.commands.includes("CWD pub/new"));
    const script = { answers: { CWD: "550 No such folder.", SIZE: "213 5000" } };
    const file = await doctor({ script, argv: CLEAR, path: "pub/disk.iso" });
    assert.ok(file.server.commands.includes("RETR pub/disk.iso"), file.terminal.out());
    assert.equal(file.code, 0, file.terminal.out());
    const named = await doctor({ argv: [...CLEAR, "--file", "other.bin"] });
    assert.ok(named.server.commands.includes("RETR other.bin"));
  });

  test("--active makes it a problem that the server cannot reach us", async () => {
    const answers = { PORT: "500 Illegal PORT command." };
    const { code, terminal } = await doctor({ script: { answers }, argv: [...CLEAR, "--active"] });
    assert.equal(code, 1, terminal.out());
    assert.match(terminal.out(), /✗ The server allows no active mode/);
  });
});

describe("the command's usage", () => {
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /missing required argument 'URL'/],
    [["sftp://host/"], /sftp:\/\/ is another protocol/],
    [["nowhere"], /not a URL/],
    [["ftp://host/", "--sessions", "9"], /--sessions .*: expected a number from 1 to 8/],
    [["ftp://host/", "--sessions", "0"], /--sessions .*: expected/],
    [["ftp://host/", "--file", "a\r\nDELE b"], /--file .*: expected a path without line ends/],
    [["ftps://host/", "--tls", "off"], /contradicts ftps:\/\//],
    [["ftp://host/", "--bogus"], /unknown option '--bogus'/],
  ];
  for (const [argv, message] of refused) {
    test(`ends with 2: ferry doctor ${argv.join(" ")}`, async () => {
      const terminal = fakeTerminal();
      assert.equal(await runProgram(["doctor", ...argv], terminal), 2);
      assert.match(terminal.err(), message);
      assert.equal(terminal.out(), "");
    });
  }

  test("--help has an example", async () => {
    const terminal = fakeTerminal();
    assert.equal(await runProgram(["doctor", "--help"], terminal), 0);
    assert.match(terminal.out(), /ferry doctor ftp:\/\//);
  });
});
