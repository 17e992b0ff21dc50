import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { parseFtpUrl } from "../../client/url.js";
import { CliError } from "../errors.js";
import { type FakeOptions, type FakeTerminal, fakeTerminal } from "../terminal.support.test.js";
import { temporaryFolder } from "./client.support.test.js";
import { findLogin, type Login } from "./credentials.js";

async function terminalWith(t: TestContext, o: FakeOptions & { netrc?: string } = {}): Promise<FakeTerminal> {
  const workingDirectory = await temporaryFolder(t);
  if (o.netrc !== undefined) await writeFile(join(workingDirectory, ".netrc"), o.netrc, { mode: 0o600 });
  return fakeTerminal({ ...o, workingDirectory });
}

function login(url: string, terminal: FakeTerminal): Promise<Login> {
  return findLogin(parseFtpUrl(url), {}, terminal);
}

describe("who logs in", () => {
  const netrc = "machine h login anna password from-netrc account acc\ndefault login deft password d\n";

  test("is told by the URL first, then by FERRY_PASSWORD, then by .netrc", async (t) => {
    const environment = { FERRY_PASSWORD: "from-environment" };
    const all = await terminalWith(t, { environment, netrc });
    assert.deepEqual(await login("ftp://anna:from-url@h/", all), { user: "anna", password: "from-url" });
    assert.deepEqual(await login("ftp://anna@h/", all), { user: "anna", password: "from-environment" });
    const file = await terminalWith(t, { netrc });
    const anna = { user: "anna", password: "from-netrc", account: "acc" };
    assert.deepEqual(await login("ftp://anna@h/", file), anna);
    assert.deepEqual(await login("ftp://h/", file), anna);
    assert.deepEqual(await login("ftp://other/", file), { user: "deft", password: "d" });
  });

  test("is anonymous when nothing is told, and is never given a password that is for somebody else", async (t) => {
    const terminal = await terminalWith(t, { environment: { FERRY_PASSWORD: "secret" } });
    assert.deepEqual(await login("ftp://h/", terminal), {});
    assert.deepEqual(await login("ftp://anonymous@h/", terminal), { user: "anonymous" });
    assert.deepEqual(await login("ftp://anonymous@h/", await terminalWith(t)), { user: "anonymous" });
  });

  test("is asked for the password on a terminal, and told what to do without one", async (t) => {
    const terminal = await terminalWith(t, { isTTY: true });
    const asked = login("ftp://anna@h/", terminal);
    terminal.input.write("sesame\r");
    assert.deepEqual(await asked, { user: "anna", password: "sesame" });
    assert.equal(terminal.err(), "Password for anna on h: \n");
    await assert.rejects(login("ftp://anna@h/", await terminalWith(t)), (error) => {
      assert(error instanceof CliError);
      assert.equal(error.exitCode, 2);
      assert.match(error.message, /FERRY_PASSWORD/);
      return true;
    });
  });

  test("is warned of a .netrc with a password that others may read, and reads the one that NETRC names", async (t) => {
    const terminal = await terminalWith(t, { netrc });
    const path = join(terminal.home, ".netrc");
    await chmod(path, 0o644);
    assert.equal((await login("ftp://h/", terminal)).password, "from-netrc");
    assert.match(terminal.err(), /^ferry: warning: others may read .*chmod 600/);
    const other = await terminalWith(t, { environment: { NETRC: path } });
    assert.equal((await login("ftp://h/", other)).user, "anna");
  });

  test("is refused with one line when .netrc cannot be read", async (t) => {
    const terminal = await terminalWith(t, { environment: { NETRC: "/" } });
    await assert.rejects(login("ftp://h/", terminal), CliError);
  });
});
