/** Names that are hard to carry: each goes through every command, in UTF-8 and not. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { decodeText, encodeCommandLine, encodeText, parseFactLine, type Reply } from "ferry/protocol";
import { leakCheck, type RawClient } from "ferry/testing";
import { everywhere, somewhere, textOf } from "./support/session.js";

leakCheck();

const NAMES: readonly (readonly [string, string])[] = [
  ["spaces", "a  name with  spaces"],
  ["a space in front", " name"],
  ["a space behind", "name "],
  ["quotation marks", "\"quoted\" and 'single'"],
  ["one quotation mark", '"'],
  ["a dash in front", "-name"],
  ["the form of flags", "-la"],
  ["two dashes", "--"],
  ["dots", "..."],
  ["a dot in front", ".hidden"],
  ["an umlaut", "Bücher"],
  ["a combining umlaut", "Bu\u0308cher"],
  ["Japanese", "日本語ファイル"],
  ["an emoji", "😀👩‍👩‍👧.txt"],
  ["pattern letters", "[a-z]*?{x}"],
  ["a backslash", "C:\\file"],
  ["semicolons and equals signs", "type=dir; name"],
  ["a percent sign", "100%25"],
  ["a line separator of Unicode", "a\u2028b"],
  ["a byte order mark", "\ufeffname"],
  ["Latin-1 bytes", decodeText(Buffer.from("caf\xe9", "latin1"))],
  ["a byte that Telnet knows", decodeText(Buffer.from("a\xff\xffb", "latin1"))],
  ["half an emoji", decodeText(Buffer.from("f09f98", "hex"))],
  ["200 bytes", "ä".repeat(100)],
];

/** Sent as a client must: with the bytes of Telnet doubled. */
async function command(client: RawClient, verb: string, argument: string): Promise<Reply<number>> {
  await client.send(encodeCommandLine(verb, argument));
  return await client.reply();
}

async function expectCode(
  client: RawClient,
  verb: string,
  argument: string,
  code: number,
): Promise<Reply<number>> {
  const answer = await command(client, verb, argument);
  assert.equal(answer.code, code, `${verb} ${JSON.stringify(argument)}: ${textOf(answer)}`);
  return answer;
}

async function download(client: RawClient, verb: string, argument: string): Promise<string> {
  const data = await client.extendedPassive();
  await client.send(encodeCommandLine(verb, argument));
  const opened = await client.reply();
  assert.ok(opened.code < 200, textOf(opened));
  const [{ bytes }, { code }] = await Promise.all([data.receiveAll(), client.reply()]);
  assert.equal(code, 226);
  await data[Symbol.asyncDispose]();
  return decodeText(bytes);
}

describe("a name with", () => {
  for (const [what, name] of NAMES) {
    everywhere(`${what} is one name for all commands`, async ({ client, files }) => {
      await client.expect("MKD folder", 257);
      await client.expect("CWD folder", 250);
      const data = await client.extendedPassive();
      await client.send(encodeCommandLine("STOR", name));
      assert.ok((await client.reply()).code < 200);
      await data.send("text");
      await data.end();
      assert.equal((await client.reply()).code, 226);

      assert.equal(await download(client, "RETR", name), "text");
      assert.equal(await download(client, "RETR", `/folder/${name}`), "text");
      assert.equal(textOf(await expectCode(client, "SIZE", name, 213)), "4");
      assert.equal(await download(client, "NLST", ""), `${name}\r\n`);
      assert.match(await download(client, "LIST", ""), /^-rw-r--r-- .* 4 \S+ [ \d]\d \d\d:\d\d /);
      assert.ok((await download(client, "LIST", "")).endsWith(` ${name}\r\n`));
      assert.equal(parseFactLine((await download(client, "MLSD", "")).replace("\r\n", ""))?.name, name);
      const [, facts = ""] = (await expectCode(client, "MLST", name, 250)).lines;
      assert.equal(parseFactLine(facts)?.name, `/folder/${name}`);
      const set = await expectCode(client, "MFMT", `20240229123456 ${name}`, 213);
      assert.equal(textOf(set), `Modify=20240229123456; /folder/${name}`);
      await expectCode(client, "SITE", `CHMOD 600 ${name}`, 200);

      await expectCode(client, "RNFR", name, 350);
      await expectCode(client, "RNTO", `/moved ${name}`, 250);
      await expectCode(client, "DELE", `/moved ${name}`, 250);
      assert.deepEqual(await files.names("/folder"), []);

      const made = await expectCode(client, "MKD", name, 257);
      assert.ok(textOf(made).startsWith(`"/folder/${name.replaceAll('"', '""')}"`));
      await expectCode(client, "CWD", name, 250);
      const where = textOf(await client.expect("PWD", 257));
      assert.ok(where.startsWith(`"/folder/${name.replaceAll('"', '""')}"`), where);
      await client.expect("CDUP", 250);
      await expectCode(client, "RMD", name, 250);
    });
  }

  somewhere("control characters cannot be asked for", async ({ client, files }) => {
    for (const name of ["a\tb", "a\u0000b", "a\u007fb", "a\u001bb", "a\rb"]) {
      await client.send(Buffer.concat([Buffer.from("MKD "), encodeText(name), Buffer.from("\r\n")]));
      assert.equal((await client.reply()).code, 501, JSON.stringify(name));
    }
    assert.deepEqual(await files.names("/"), []);
  });
});
