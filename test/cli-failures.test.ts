/** What the client's commands do when something is wrong: one line, an exit code, no secrets; and when interrupted. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { type Script, ScriptedServer } from "ferry/testing";
import { Ferry } from "./support/ferry.js";
import { PASSWORD, TestServer, USER } from "./support/server.js";

/** A port of the loopback where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function scripted(
  script: Script,
  work: (ferry: Ferry, url: string, server: ScriptedServer) => Promise<void>,
) {
  await using server = await ScriptedServer.start(script);
  using ferry = new Ferry();
  await work(ferry, `ftp://anna:hunter2@127.0.0.1:${server.port}/`, server);
}

describe("wrong usage", () => {
  test("is one line and exit code 2, and never repeats a password", async () => {
    using ferry = new Ferry();
    const url = "ftp://anna:hunter2@127.0.0.1/";
    const cases: [string[], RegExp][] = [
      [["ls"], /missing required argument 'URL'; see `ferry ls --help`/],
      [["ls", url, "--bogus"], /unknown option '--bogus'; see `ferry ls --help`/],
      [["ls", "nowhere"], /expected ftp:\/\/host\/path, or a bookmark as NAME:path/],
      [["ls", "work:docs"], /no bookmark work: see `ferry bookmark list`, or give a URL\n$/],
      [
        ["ls", "h.example:2121/a"],
        /no bookmark h\.example: .*give a URL, as in ftp:\/\/h\.example:2121\/a\n$/,
      ],
      [["get", "work:docs"], /no bookmark work:/],
      [["mirror", "work:docs", "docs"], /no bookmark work:/],
      [["cat", "sftp://anna:hunter2@h/"], /protocol, of SSH/],
      [["ls", "ftp://anna:hun/ter2@h/"], /%2F/],
      [["ls", "ftp://anna@127.0.0.1/"], /no password for anna on 127\.0\.0\.1/],
      [["rm", url, "--tls", "maybe"], /'maybe' is invalid.*off, explicit, implicit, auto/],
      [["ls", "ftps://anna:hunter2@127.0.0.1/", "--tls", "off"], /contradicts ftps:\/\//],
      [["ls", url, "--timeout", "0"], /--timeout <seconds>: expected seconds/],
      [["ls", url, "--limit-rate", "fast"], /--limit-rate <bytes>: expected/],
      [["ls", url, "--encoding", "klingon"], /--encoding <name>: expected/],
      [["ls", url, "--proxy", "ftp://anna:hunter2@h"], /--proxy <url>: expected http/],
      [["ls", url, "--proxy", "http://a:hunter2%zz@h"], /--proxy <url>: expected http/],
      [["ls", url, "--proxy", "http://h", "--active"], /exclude each other/],
      [["ls", url, "--ca", "missing.pem"], /cannot read .*missing\.pem: there is no such file/],
      [["ls", url, "--key", "k.pem"], /--key needs --cert/],
      [["bookmark", "add", "a/b", url], /^ferry: NAME: expected/],
      [["mv", url], /missing required argument 'PATH'/],
    ];
    for (const [argv, message] of cases) {
      const { code, stdout, stderr, report } = await ferry.run(argv);
      assert.equal(code, 2, report);
      assert.equal(stdout, "", report);
      assert.match(stderr, message);
      assert.match(stderr, /^ferry: [^\n]*\n$/, report);
      assert.doesNotMatch(stderr, /hunter2|hun\/ter2/);
    }
  });
});

describe("a server that cannot be used", () => {
  test("is told in one line with the URL and what to do, exit code 1; with --json as an object", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    using ferry = new Ferry();
    const refused = `ftp://127.0.0.1:${await closedPort()}/`;
    const cases: [string, string, string, RegExp][] = [
      [refused, "ERR_FERRY_FTP_CONNECTION", "connect", /ECONNREFUSED\. Nothing listens there/],
      ["ftp://host.invalid/", "ERR_FERRY_FTP_CONNECTION", "connect", /(?:ENOTFOUND|EAI_AGAIN)\. The/],
      [
        `ftp://anna:wrong@${server.authority}/`,
        "ERR_FERRY_FTP_LOGIN",
        "login",
        /530 .*Are name and password right/,
      ],
      [server.url("missing"), "ERR_FERRY_FTP_NOT_FOUND", "command", /no such file or directory/],
      [`ftps://anna:wrong@${server.authority}/`, "ERR_FERRY_FTP_TLS", "tls", /on port 21 write ftpes:\/\//],
      [`ftpes://anna:wrong@${server.authority}/`, "ERR_FERRY_FTP_TLS", "tls", /has no TLS/],
    ];
    for (const [url, code, phase, message] of cases) {
      const plain = await ferry.run(["ls", url]);
      assert.equal(plain.code, 1, plain.report);
      assert.match(plain.stderr, /^ferry: ftps?:\/\/[^\n]*\n$|^ferry: ftpes:\/\/[^\n]*\n$/);
      assert.match(plain.stderr, message);
      const json = await ferry.run(["ls", "--json", url]);
      assert.equal(json.code, 1, json.report);
      assert.equal(json.stdout, "");
      const object = JSON.parse(json.stderr);
      assert.deepEqual([object.code, object.phase], [code, phase], json.report);
      if (phase === "login") assert.equal(object.reply.code, 530);
      assert.doesNotMatch(plain.stderr + json.stderr, /wrong@|Pa55/);
    }
  });

  test("is given up after --timeout seconds", async () => {
    await scripted({ greeting: () => {} }, async (ferry, url) => {
      const { code, stderr } = await ferry.run(["ls", "--timeout", "0.3", url]);
      assert.equal(code, 1);
      assert.match(stderr, /did not answer within 300 ms/);
    });
  });

  test("is tried again with --retries", async () => {
    let times = 0;
    const greeting: Script["greeting"] = (peer) => {
      if (++times > 1) return peer.reply("220 Ready.");
      peer.reply("421 Too busy.");
      peer.end();
    };
    await scripted({ greeting, answers: { LIST: (peer) => peer.sendFile("") } }, async (ferry, url) => {
      const { code, report } = await ferry.run(["ls", "--retries", "1", url]);
      assert.equal(code, 0, report);
      assert.equal(times, 2);
    });
  });
});

describe("--trace", () => {
  test("shows the conversation on standard error, without secrets, and data on standard output", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.put("/f", "content");
    using ferry = new Ferry();
    const { code, stdout, stderr } = await ferry.run(["cat", "--trace", server.url("f")]);
    assert.deepEqual([code, stdout], [0, "content"]);
    for (const line of ["< 220 ", `> USER ${USER}`, "> PASS ****", "> RETR f", "< 226 ", "> QUIT"]) {
      assert(stderr.includes(line), `${line} is not in:\n${stderr}`);
    }
    assert(!stderr.includes(PASSWORD) && !stderr.includes(encodeURIComponent(PASSWORD)));
  });

  test("hides a password that the server repeats, and what would steer the terminal", async () => {
    const answers = { PASS: "530-hunter2 is \u001b[2Jwrong", USER: "331 Password." };
    await scripted(
      { answers: { ...answers, PASS: ["530-hunter2 is \u001b[2Jwrong", "530 hunter2 indeed"] } },
      async (ferry, url) => {
        const { code, stderr } = await ferry.run(["ls", "--trace", url]);
        assert.equal(code, 1);
        assert.match(stderr, /530-\*\*\*\* is \\x1b\[2Jwrong/);
        assert.doesNotMatch(stderr, /hunter2|\u001b/);
      },
    );
  });

  test("shows every code of replies, whatever the password is", async () => {
    await using server = await ScriptedServer.start({ answers: { SIZE: "213 2" } });
    using ferry = new Ferry();
    const url = `ftp://anna:2@${server.host}:${server.port}/`;
    const { stderr } = await ferry.run(["ls", "--trace", url]);
    assert.match(stderr, /^< 220 Ready\.\n(?:[<>*] .*\n)*> PASS \*\*\*\*\n< 230 Logged in\.$/m);
  });
});

describe("Ctrl-C", () => {
  const hanging: Script = {
    answers: {
      RETR: async (peer) => {
        peer.reply("150 Here it comes.");
        (await peer.data()).write("abc");
      },
      ABOR: () => {},
    },
  };

  test("ends a transfer with exit code 130 and one line, also when the server does not answer ABOR", async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      await scripted(hanging, async (ferry, url, server) => {
        const running = ferry.start(["cat", `${url}f`]);
        await running.says(/abc/);
        running.child.kill(signal);
        assert.deepEqual(await running.ended(), { code: 130, stdout: "abc", stderr: "ferry: interrupted\n" });
        assert(server.verbs.includes("ABOR"));
      });
    }
  });

  test("a second time does not wait for anything", async () => {
    await scripted(hanging, async (ferry, url, server) => {
      const running = ferry.start(["cat", "--trace", `${url}f`]);
      await running.says(/abc/);
      running.child.kill("SIGINT");
      await running.says(/> ABOR/);
      running.child.kill("SIGINT");
      const { code, stderr } = await running.ended();
      assert.equal(code, 130);
      assert.match(stderr, /\nferry: interrupted\n$/);
      assert(!server.verbs.includes("QUIT"));
    });
  });

  test("ends the wait for a connection", async () => {
    await scripted({ greeting: () => {} }, async (ferry, url, server) => {
      const running = ferry.start(["ls", "--json", url]);
      while (server.peers.length === 0) await new Promise((resolve) => setImmediate(resolve));
      running.child.kill("SIGINT");
      const { code, stdout, stderr } = await running.ended();
      assert.deepEqual([code, stdout], [130, ""]);
      assert.deepEqual(JSON.parse(stderr), { code: "ERR_FERRY_INTERRUPTED", message: "interrupted" });
    });
  });
});

describe("a user who has no home", () => {
  // As in a container that runs under a number without an entry in /etc/passwd.
  const homeless = `import os from "node:os";
    import { syncBuiltinESMExports } from "node:module";
    os.homedir = () => { throw new Error("uv_os_homedir returned ENOENT"); };
    syncBuiltinESMExports();`;

  test("can work all the same", async () => {
    await using server = await TestServer.start({ storage: "memory" });
    await server.files.put("/a", "1");
    using ferry = new Ferry();
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(homeless)}` };
    const { code, stdout, report } = await ferry.run(["ls", "-1", server.url()], { env });
    assert.equal(code, 0, report);
    assert.equal(stdout, "a\n");
  });
});
