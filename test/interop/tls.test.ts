/** Clients that people use, over TLS: explicit and implicit, TLS 1.2 and 1.3, passive and active, up and down. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LocalFolder, sha256, someBytes } from "../support/files.js";
import { runProgram, unlessInstalled } from "../support/program.js";
import { PASSWORD, TestServer, USER } from "../support/server.js";

const VERSIONS = ["1.2", "1.3"] as const;
const LAYERS = ["explicit", "implicit"] as const;
const MODES = ["passive", "active"] as const;
/** Below, at and above a record of TLS, nothing at all, and a file that does not fit into one write. */
const LENGTHS = [0, 1, 16_384, 2_000_003];

type Layer = (typeof LAYERS)[number];
type Mode = (typeof MODES)[number];

function each(
  use: (layer: Layer, mode: Mode, version: (typeof VERSIONS)[number], name: string) => void,
): void {
  for (const layer of LAYERS)
    for (const mode of MODES)
      for (const version of VERSIONS) use(layer, mode, version, `${layer}, ${mode}, TLS ${version}`);
}

async function withFiles(
  use: (server: TestServer, local: LocalFolder, contents: readonly Buffer[]) => Promise<void>,
) {
  await using server = await TestServer.start({ tls: { control: "require" } });
  using local = new LocalFolder();
  const contents = LENGTHS.map(someBytes);
  for (const [n, content] of contents.entries()) local.put(`up${n}`, content);
  await use(server, local, contents);
  for (const [n, content] of contents.entries()) {
    assert.equal(
      sha256(await server.files.get(`/file${n}`)),
      sha256(content),
      `uploaded, ${content.length} bytes`,
    );
    assert.equal(sha256(local.get(`down${n}`)), sha256(content), `downloaded, ${content.length} bytes`);
  }
}

/** Versions 7.87 and 7.88 send active data connections in clear, to every server (curl/curl#10666). */
async function curlLacksActiveTls(): Promise<boolean> {
  if (unlessInstalled("curl") !== false) return false;
  const { stdout } = await runProgram("curl", ["--version"]);
  return /^curl 7\.8[78]\./.test(stdout);
}

const passiveOnly = await curlLacksActiveTls();

describe("curl over TLS", () => {
  each((layer, mode, version, name) => {
    if (mode === "active" && passiveOnly) return;
    test(name, { skip: unlessInstalled("curl") }, async () => {
      await withFiles(async (server, local) => {
        const port = layer === "explicit" ? server.port : server.implicitPort;
        const base = `${layer === "explicit" ? "ftp" : "ftps"}://127.0.0.1:${port}`;
        const flags = [
          "-q",
          "-sS",
          "-k",
          "--ssl-reqd",
          "-u",
          `${USER}:${PASSWORD}`,
          `--tlsv${version}`,
          "--tls-max",
          version,
        ];
        if (mode === "active") flags.push("-P", "-");
        for (const [n] of LENGTHS.entries()) {
          for (const words of [
            ["-T", local.at(`up${n}`), `${base}/file${n}`],
            ["-o", local.at(`down${n}`), `${base}/file${n}`],
          ]) {
            const ended = await runProgram("curl", [...flags, ...words]);
            assert.equal(ended.code, 0, ended.report);
          }
        }
        const listed = await runProgram("curl", [...flags, "-l", `${base}/`]);
        assert.deepEqual(
          listed.stdout.trim().split(/\r?\n/).sort(),
          ["file0", "file1", "file2", "file3"],
          listed.report,
        );
      });
    });
  });

  for (const version of VERSIONS) {
    test(`resumes, and moves many files in one session: TLS ${version}`, {
      skip: unlessInstalled("curl"),
    }, async () => {
      await using server = await TestServer.start({ tls: {} });
      await server.files.put("/a", "content,");
      const flags = ["-q", "-sS", "-k", "--ssl-reqd", "-u", `${USER}:${PASSWORD}`, "--tls-max", version];
      const url = `ftp://127.0.0.1:${server.port}/a`;
      const ended = await runProgram("curl", [...flags, "-v", ...Array.from({ length: 6 }, () => url)]);
      assert.equal(ended.stdout, "content,".repeat(6), ended.report);
      assert.match(ended.stderr, /SSL re-using session ID/);
      assert.equal(server.endings.length, 1);
    });
  }

  test("resumes every time with TLS 1.2, by session id", { skip: unlessInstalled("curl") }, async () => {
    await using server = await TestServer.start({ tls: { binding: "require" } });
    await server.files.put("/a", "content,");
    const flags = ["-q", "-sS", "-k", "--ssl-reqd", "-u", `${USER}:${PASSWORD}`, "--tls-max", "1.2"];
    const url = `ftp://127.0.0.1:${server.port}/a`;
    const ended = await runProgram("curl", [...flags, url, url, url]);
    assert.equal(ended.stdout, "content,".repeat(3), ended.report);
  });

  for (const mode of ["passive", "active"]) {
    test(`ends TLS by CCC, ${mode}`, { skip: unlessInstalled("curl") }, async () => {
      await using server = await TestServer.start({ tls: { clearControl: true } });
      await server.files.put("/a", "content");
      const flags = ["-q", "-sS", "-k", "--ssl-reqd", "--ftp-ssl-ccc", "--ftp-ssl-ccc-mode", mode];
      const url = `ftp://127.0.0.1:${server.port}/a`;
      const ended = await runProgram("curl", [...flags, "-u", `${USER}:${PASSWORD}`, url]);
      assert.equal(ended.stdout, "content", ended.report);
    });
  }
});

describe("lftp over TLS (GnuTLS)", () => {
  each((layer, mode, version, name) => {
    test(name, { skip: unlessInstalled("lftp") }, async () => {
      await withFiles(async (server, local) => {
        const port = layer === "explicit" ? server.port : server.implicitPort;
        const only = `-VERS-ALL:+VERS-TLS${version}`;
        const commands = [
          "set ssl:verify-certificate no",
          `set ssl:priority NORMAL:${only}`,
          "set ftp:ssl-force yes",
          "set ftp:ssl-protect-data yes",
          "set net:max-retries 1",
          "set net:timeout 20",
          "set cmd:fail-exit yes",
          `set ftp:passive-mode ${mode === "passive" ? "on" : "off"}`,
          `open -u '${USER},${PASSWORD}' ${layer === "explicit" ? "ftp" : "ftps"}://127.0.0.1:${port}`,
          ...LENGTHS.flatMap((_, n) => [`put up${n} -o file${n}`, `get file${n} -o down${n}`]),
          "mirror -P 3 . mirrored",
        ];
        const ended = await runProgram("lftp", ["--norc", "-c", commands.join("; ")], {
          cwd: local.path,
          env: { ...process.env, HOME: local.path },
        });
        assert.equal(ended.code, 0, ended.report);
      });
    });
  });
});

describe("Python's ftplib over TLS", () => {
  for (const mode of MODES) {
    for (const version of VERSIONS) {
      test(`explicit, ${mode}, TLS ${version}`, { skip: unlessInstalled("python3") }, async () => {
        await withFiles(async (server, local) => {
          const script = `
import ftplib, ssl, sys
port, user, password, mode, version = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))
ftp = ftplib.FTP_TLS(context=context, timeout=20)
ftp.connect("127.0.0.1", int(port))
ftp.login(user, password)
ftp.prot_p()
ftp.set_pasv(mode == "passive")
for n in range(${LENGTHS.length}):
    with open(f"up{n}", "rb") as file:
        assert ftp.storbinary(f"STOR file{n}", file).startswith("226")
    with open(f"down{n}", "wb") as file:
        assert ftp.retrbinary(f"RETR file{n}", file.write).startswith("226")
assert sorted(ftp.nlst()) == [f"file{n}" for n in range(${LENGTHS.length})]
ftp.quit()
`;
          const words = ["-c", script, String(server.port), USER, PASSWORD, mode, version];
          const ended = await runProgram("python3", words, { cwd: local.path });
          assert.equal(ended.code, 0, ended.report);
        });
      });
    }
  }
});

describe("openssl s_client", () => {
  const skip = unlessInstalled("openssl");

  test("AUTH TLS by its own starttls, and tickets that are good for a week", { skip }, async () => {
    await using server = await TestServer.start({ tls: {} });
    const words = [
      "s_client",
      "-connect",
      `127.0.0.1:${server.port}`,
      "-starttls",
      "ftp",
      "-crlf",
      "-ign_eof",
    ];
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const ended = await runProgram("openssl", [...words, version], { input: "FEAT\nQUIT\n" });
      assert.match(ended.stdout, /AUTH TLS/, ended.report);
      assert.match(ended.stdout, /^221 /m);
      // The default of 7200 would end the data connections of sessions older than two hours.
      assert.match(ended.stdout, /ticket lifetime hint: 604800 \(seconds\)/);
      assert.match(ended.stdout, /Secure Renegotiation IS (?:NOT )?supported|TLSv1.3/);
    }
  });

  test("weak versions and ciphers find nobody", { skip }, async () => {
    await using server = await TestServer.start({ tls: {} });
    const words = ["s_client", "-connect", `127.0.0.1:${server.implicitPort}`];
    for (const weak of [
      ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
      ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
      ["-tls1_2", "-cipher", "AES128-SHA"],
      ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
      ["-tls1_2", "-cipher", "NULL:aNULL:@SECLEVEL=0"],
    ]) {
      const ended = await runProgram("openssl", [...words, ...weak], { input: "" });
      assert.notEqual(ended.code, 0, ended.report);
    }
  });
});
