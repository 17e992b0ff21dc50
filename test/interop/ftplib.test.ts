/** Python's ftplib, as scripts in the field use it. Python's own assertions speak for the client's side. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LocalFolder, sha256, someBytes } from "../support/files.js";
import { runProgram } from "../support/program.js";
import { PASSWORD, TestServer, USER } from "../support/server.js";
import { type Situation, situations } from "../support/situations.js";

/** Runs a script that finds `ftp`, logged in, and `folder`, the local one. */
async function python(
  server: TestServer,
  local: LocalFolder,
  { mode }: Situation,
  script: string,
): Promise<void> {
  const whole = `
import ftplib, hashlib, io, sys
host, port, user, password, folder = sys.argv[1:]
def refused(code, call, *words):
    try:
        call(*words)
    except ftplib.all_errors as error:
        assert str(error).startswith(code), error
    else:
        raise AssertionError("not refused with " + code)
ftp = ftplib.FTP(timeout=20)
ftp.connect(host, int(port))
ftp.login(user, password)
ftp.set_pasv(${mode === "passive" ? "True" : "False"})
${script}
ftp.quit()
`;
  const words = ["-c", whole, server.host, String(server.port), USER, PASSWORD, local.path];
  const ended = await runProgram("python3", words, { cwd: local.path });
  assert.equal(ended.code, 0, ended.report);
}

describe("Python's ftplib", () => {
  for (const situation of situations(["python3"])) {
    const { skip, mode, family } = situation;

    test(`uploads, lists and downloads: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const content = someBytes(2_000_003);
      local.put("up.bin", content);
      await python(
        server,
        local,
        situation,
        `
assert ftp.pwd() == "/"
assert ftp.mkd('with "quotes" and spaces') == '/with "quotes" and spaces'
ftp.cwd('with "quotes" and spaces')
assert ftp.pwd() == '/with "quotes" and spaces'
with open("up.bin", "rb") as file:
    assert ftp.storbinary("STOR näme with spaces.bin", file).startswith("226")
assert ftp.nlst() == ["näme with spaces.bin"]
facts = dict(ftp.mlsd(facts=["type", "size", "modify"]))["näme with spaces.bin"]
assert facts["type"] == "file" and facts["size"] == "2000003" and len(facts["modify"]) >= 14, facts
lines = []
ftp.dir(lines.append)
assert [line for line in lines if line.endswith("näme with spaces.bin") and line.startswith("-rw")], lines
with open("down.bin", "wb") as file:
    assert ftp.retrbinary("RETR näme with spaces.bin", file.write).startswith("226")
assert ftp.size("näme with spaces.bin") == 2000003
ftp.rename("näme with spaces.bin", "b.bin")
ftp.delete("b.bin")
ftp.cwd("..")
ftp.rmd('with "quotes" and spaces')
assert ftp.nlst() == []
`,
      );
      assert.equal(sha256(local.get("down.bin")), sha256(content));
      const passive = family === "IPv4" ? "PASV" : "EPSV";
      const active = family === "IPv4" ? "PORT" : "EPRT";
      assert.deepEqual(server.dataVerbs, [mode === "passive" ? passive : active]);
    });

    test(`continues transfers with REST and moves text: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const content = someBytes(300_000);
      await server.files.put("/down.bin", content);
      await server.files.put("/up.bin", content.subarray(0, 200_000));
      local.put("up.bin", content);
      await python(
        server,
        local,
        situation,
        `
tail = io.BytesIO()
ftp.retrbinary("RETR down.bin", tail.write, rest=123456)
open("tail.bin", "wb").write(tail.getvalue())
with open("up.bin", "rb") as file:
    file.seek(200000)
    ftp.storbinary("STOR up.bin", file, rest=200000)
ftp.storlines("STOR text.txt", io.BytesIO(b"one\\ntwo\\nthree\\n"))
lines = []
ftp.retrlines("RETR text.txt", lines.append)
assert lines == ["one", "two", "three"], lines
ftp.voidcmd("TYPE A")
with ftp.transfercmd("RETR text.txt") as data:
    with data.makefile("rb") as file:
        assert file.read() == b"one\\r\\ntwo\\r\\nthree\\r\\n"
ftp.voidresp()
`,
      );
      assert.equal(sha256(local.get("tail.bin")), sha256(content.subarray(123_456)));
      assert.equal(sha256(await server.files.get("/up.bin")), sha256(content));
      assert.equal(String(await server.files.get("/text.txt")), "one\ntwo\nthree\n");
    });

    test(`aborts a download and goes on: ${situation.name}`, { skip }, async () => {
      await using server = await TestServer.start(situation);
      using local = new LocalFolder();
      const content = someBytes(16 * 1024 * 1024);
      await server.files.put("/big.bin", content);
      await python(
        server,
        local,
        situation,
        `
data = ftp.transfercmd("RETR big.bin")
assert data.recv(1000)
assert ftp.abort()[:3] in ("225", "226", "426"), "ABOR"
data.close()
# The transfer is answered and so is the ABOR; ftplib reads one of the two.
answer = ftp.sendcmd("NOOP")
while not answer.startswith("200"):
    answer = ftp.getresp()
refused("550", ftp.retrbinary, "RETR missing.bin", lambda chunk: None)
with open("down.bin", "wb") as file:
    ftp.retrbinary("RETR big.bin", file.write)
`,
      );
      assert.equal(sha256(local.get("down.bin")), sha256(content));
    });
  }
});
