/** FEAT, OPTS, HELP, SITE HELP, SYST, LANG, CLNT, CSID, HOST, SITE IDLE: what programs read, in their exact form. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseFeatures } from "ferry/protocol";
import { readOnly } from "ferry/storage";
import { leakCheck, type RawClient } from "ferry/testing";
import { PASSWORD, USER } from "./support/server.js";
import { everywhere, Serving, somewhere, textOf, withEachStorage } from "./support/session.js";

leakCheck();

/** The reply's bytes as they are: {@link RawClient} shows lines without their beginnings. */
async function bytesOf(client: RawClient, line: string): Promise<string> {
  let text = "";
  const take = (chunk: Buffer) => {
    text += chunk.toString();
  };
  client.stream.on("data", take);
  await client.command(line);
  client.stream.off("data", take);
  return text;
}

describe("FEAT", () => {
  somewhere("has the form of RFC 2389 3.2: each feature behind one space", async ({ client }) => {
    const lines = (await bytesOf(client, "FEAT")).split("\r\n");
    assert.equal(lines.shift(), "211-Features:");
    assert.equal(lines.pop(), "");
    assert.equal(lines.pop(), "211 End");
    for (const line of lines) assert.match(line, /^ [!-~]+(?: [!-~]+)*$/);
    assert.deepEqual(lines, [...new Set(lines)]);
  });

  test("lists what is there in all of Ferry, before login too", async () => {
    await using served = await Serving.start();
    const client = await served.connect();
    const features = parseFeatures(await client.expect("FEAT", 211));
    assert.deepEqual(
      [...features],
      [
        ["AVBL", ""],
        ["CLNT", ""],
        ["CSID", ""],
        ["EPRT", ""],
        ["EPSV", ""],
        ["HOST", ""],
        ["LANG", "EN*"],
        ["MDTM", ""],
        ["MFF", "modify;UNIX.mode;"],
        ["MFMT", ""],
        ["MLST", "type*;size*;modify*;create*;perm*;unique*;UNIX.mode*;UNIX.owner*;UNIX.group*;"],
        ["PASV", ""],
        ["REST", "STREAM"],
        ["SIZE", ""],
        ["TVFS", ""],
        ["UTF8", ""],
      ],
    );
  });

  somewhere("tells after login what this storage can set", async ({ client }) => {
    const features = parseFeatures(await client.expect("FEAT", 211));
    assert.equal(features.get("MFF"), "modify;create;UNIX.mode;");
    assert.equal(features.get("MFCT"), "");
    assert.equal(features.get("MFMT"), "");
  });

  somewhere(
    "does not list what this storage cannot",
    async ({ client }) => {
      const features = parseFeatures(await client.expect("FEAT", 211));
      assert.deepEqual(
        ["MFF", "MFCT", "MFMT", "AVBL"].filter((name) => features.has(name)),
        [],
      );
      assert.ok(features.has("MLST"));
    },
    { decorate: readOnly },
  );

  somewhere("marks the facts that OPTS MLST chose", async ({ client }) => {
    await client.expect("OPTS MLST modify;size;", 200);
    const features = parseFeatures(await client.expect("FEAT", 211));
    assert.equal(
      features.get("MLST"),
      "type;size*;modify*;create;perm;unique;UNIX.mode;UNIX.owner;UNIX.group;",
    );
  });

  everywhere("names only verbs that the server knows", async ({ client }) => {
    for (const [name] of parseFeatures(await client.expect("FEAT", 211))) {
      if (name === "UTF8" || name === "TVFS") continue;
      const { code } = await client.command(`HELP ${name}`);
      assert.equal(code, 214, name);
    }
  });
});

describe("OPTS", () => {
  somewhere("MLST answers with the facts that it chose (RFC 3659 7.9.1)", async ({ client }) => {
    const answers = [
      ["OPTS MLST size;modify;", "MLST OPTS size;modify;"],
      ["OPTS MLST MODIFY;Size;lang;", "MLST OPTS size;modify;"],
      ["OPTS MLST unix.mode", "MLST OPTS UNIX.mode;"],
      ["OPTS mlst lang;", "MLST OPTS"],
      ["OPTS MLST", "MLST OPTS"],
    ] as const;
    for (const [line, answer] of answers) assert.equal(textOf(await client.expect(line, 200)), answer);
    for (const line of ["OPTS MLST size modify", "OPTS MLST type=file;", "OPTS MLST ;", "OPTS RETR x"]) {
      await client.expect(line, 501);
    }
  });

  test("UTF8 is on, can be said before login, and cannot be switched off", async () => {
    await using served = await Serving.start();
    const client = await served.connect();
    for (const line of ["OPTS UTF8 ON", "OPTS utf8 on", "OPTS UTF-8 ON", "OPTS UTF8", "OPTS UTF8 NLST"]) {
      await client.expect(line, 200);
    }
    await client.expect("OPTS UTF8 OFF", 504);
    await client.expect("OPTS UTF8 PERHAPS", 501);
  });
});

describe("HELP", () => {
  test("lists every command, ten in a line, before login too", async () => {
    await using served = await Serving.start();
    const client = await served.connect();
    const { lines } = await client.expect("HELP", 214);
    assert.match(lines[0], /EPSV and MLSD serve clients best/);
    assert.equal(lines.at(-1), "End");
    const verbs = lines.slice(1, -1).flatMap((line) => line.trim().split(/ +/));
    assert.ok(lines.slice(1, -1).every((line) => line.length <= 50));
    assert.deepEqual(verbs, [...new Set(verbs)]);
    for (const verb of ["RETR", "XPWD", "MLSD", "EPSV", "SITE"]) assert.ok(verbs.includes(verb), verb);
    for (const verb of verbs) {
      const about = await client.expect(`HELP ${verb}`, 214);
      assert.match(about.lines[0], /^Syntax: [A-Z]{3,4}(?: |$)/);
    }
  });

  somewhere("explains one command: syntax, what it does, where it is defined", async ({ client }) => {
    assert.deepEqual((await client.expect("HELP CWD", 214)).lines, [
      "Syntax: CWD <SP> <pathname>",
      "Change the working directory.",
      "Also: XCWD",
      "RFC 959 4.1.1",
    ]);
    assert.deepEqual(await client.command("HELP xcwd"), await client.command("HELP CWD"));
    assert.deepEqual(
      (await client.expect("HELP SITE CHMOD", 214)).lines[0],
      "Syntax: SITE CHMOD <SP> <octal-mode> <SP> <pathname>",
    );
    await client.expect("HELP NONSENSE", 501);
  });

  somewhere("of SITE lists what can be said behind it", async ({ client }) => {
    assert.deepEqual((await client.expect("SITE HELP", 214)).lines, [
      "SITE commands:",
      "SITE HELP",
      "SITE CHMOD <SP> <octal-mode> <SP> <pathname>",
      "SITE UTIME <SP> <YYYYMMDDhhmm[ss]> <SP> <pathname>",
      "SITE SYMLINK <SP> <target> <SP> <link-pathname>",
      "SITE IDLE [<SP> <seconds>]",
      "End",
    ]);
    await client.expect("site help", 214);
  });
});

describe("SYST, NOOP, LANG, CLNT, CSID", () => {
  test("are answered before login as after it", async () => {
    await using served = await Serving.start();
    const client = await served.connect();
    const told = async () => [
      await client.expect("SYST", 215),
      await client.expect("NOOP", 200),
      await client.expect("LANG EN", 200),
      await client.expect("LANG", 200),
      await client.expect("LANG fr", 504),
      await client.expect("CLNT a client", 200),
      await client.expect("CSID Name=a client; Version=1;", 200),
    ];
    const before = await told();
    assert.equal(before[0]?.lines[0], "UNIX Type: L8");
    assert.match(before[6]?.lines[0] ?? "", /^(?:[A-Za-z]+=[^;]+;(?: |$))+$/);
    await client.login(USER, PASSWORD);
    assert.deepEqual(await told(), before);
  });

  somewhere(
    "CLNT and CSID tell the application who the client is, cut and without control",
    async ({ client, served }) => {
      const names: (string | undefined)[] = [];
      served.server.on("command", ({ session }) => names.push(session.client));
      await client.expect("CLNT FileZilla 3", 200);
      await client.expect(`CSID Name=${"x".repeat(500)};`, 200);
      await client.send(Buffer.from("CLNT a\xe9b\r\n", "latin1"));
      assert.equal((await client.reply()).code, 200);
      assert.deepEqual(names, ["FileZilla 3", `Name=${"x".repeat(195)}`, "a\\xe9b"]);
    },
  );
});

describe("HOST", () => {
  for (const family of ["IPv4", "IPv6"] as const) {
    test(`takes the names of the server and the address that was reached, before USER only (${family})`, async () => {
      const limits = { commandsBeforeLogin: 100 };
      await using served = await Serving.start({
        family,
        server: { hostNames: ["FTP.Example"], banner: "Hello.", limits },
      });
      const client = await served.connect();
      const addresses = family === "IPv4" ? ["127.0.0.1"] : ["[::1]", "[0:0:0:0:0:0:0:1]", "::1"];
      for (const name of ["ftp.example", "FTP.EXAMPLE.", ...addresses]) {
        assert.equal(textOf(await client.expect(`HOST ${name}`, 220)), "Hello.");
      }
      await client.expect("HOST other.example", 504);
      await client.expect("HOST 192.0.2.1", 504);
      for (const name of [
        "",
        " ",
        "a b",
        "-a-",
        "[::1",
        "::1]",
        "[::x]",
        "[127.0.0.1]",
        "a..b",
        "x".repeat(300),
      ]) {
        await client.expect(`HOST ${name}`, 501);
      }
      await client.expect(`USER ${USER}`, 331);
      await client.expect("HOST ftp.example", 503);
      await client.expect(`PASS ${PASSWORD}`, 230);
      await client.expect("HOST ftp.example", 503);
    });
  }
});

describe("SITE IDLE", () => {
  withEachStorage("tells and sets how long the session may be idle", async ({ client }) => {
    assert.match(textOf(await client.expect("SITE IDLE", 200)), /300 seconds/);
    assert.match(textOf(await client.expect("SITE IDLE 10", 200)), /10 seconds/);
    assert.match(textOf(await client.expect("SITE IDLE", 200)), /10 seconds/);
    for (const wrong of ["9", "7201", "-10", "1e3", "10.5", "00000010"]) {
      await client.expect(`SITE IDLE ${wrong}`, 501);
    }
    assert.match(textOf(await client.expect("SITE IDLE", 200)), /10 seconds/);
  });
});
