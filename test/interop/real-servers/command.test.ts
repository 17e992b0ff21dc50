/** The program itself with servers that others wrote, as a user types it: only what it says and the disk count. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { testCertificates } from "../../support/certificates.js";
import { below } from "../../support/command-line.js";
import { Ferry } from "../../support/ferry.js";
import { type LocalFolder, sha256, someBytes } from "../../support/files.js";
import {
  inetutils,
  proftpd,
  pureFtpd,
  pyftpdlib,
  type RealServer,
  type RealServerKind,
  unlessServers,
  vsftpd,
} from "../../support/real-servers/index.js";

const WAYS: readonly (readonly [RealServerKind, scheme: "ftp" | "ftpes"])[] = [
  [vsftpd, "ftpes"],
  [proftpd, "ftpes"],
  [pureFtpd, "ftpes"],
  [pyftpdlib, "ftpes"],
  [inetutils, "ftp"],
];

const FOLDERS: readonly string[] = ["js", "js/deep"];
const FILES: Readonly<Record<string, number>> = {
  "index.html": 700,
  "empty.txt": 0,
  "js/app [1].js": 200_000,
  "js/deep/Übung.bin": 90_000,
};

/** Commands for one server, from a home of their own. */
class AtTerminal implements Disposable {
  readonly #ferry = new Ferry();
  readonly #server: RealServer;
  readonly #base: string;

  constructor(server: RealServer, scheme: string, authority: string) {
    const directory = server.directory === "" ? "" : `${server.directory}/`;
    this.#server = server;
    const login = `${server.user}:${encodeURIComponent(server.password)}`;
    this.#base = `${scheme}://${login}@localhost:${server.port}/${directory}`;
    this.home.put("ca.pem", authority);
  }

  get home(): LocalFolder {
    return this.#ferry.home;
  }

  url(path: string): string {
    return this.#base + path;
  }

  /** What is on standard output, when all went well without a word on standard error. */
  async ferry(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr, report } = await this.#ferry.run([...argv, "--ca", "ca.pem"]);
    assert.equal(code, 0, `${report}\n--- the server\n${this.#server.log}`);
    assert.equal(stderr, "", report);
    return stdout;
  }

  [Symbol.dispose](): void {
    this.#ferry[Symbol.dispose]();
  }
}

for (const [kind, scheme] of WAYS) {
  test(`${kind.name} by ${scheme}://: put, ls, cat, get, mirror up and down with --verify, rm`, {
    skip: unlessServers(),
  }, async () => {
    await using server = await kind.start();
    const { authority } = await testCertificates();
    using at = new AtTerminal(server, scheme, authority.certificate);
    const { home } = at;

    const film = someBytes(1_500_000);
    home.put("film.bin", film);
    await at.ferry("put", "film.bin", at.url("the film.bin"), "--verify");
    assert.equal(sha256(server.files.get("the film.bin")), sha256(film));

    assert.match(await at.ferry("ls", at.url("")), /^-\S* .* 1500000 {2}.* {2}the film\.bin\n$/);
    const { name, type, size } = JSON.parse(await at.ferry("ls", at.url(""), "--json"));
    assert.deepEqual({ name, type, size }, { name: "the film.bin", type: "file", size: film.length });

    server.files.put("notes.txt", "ein Wort: Übung\n");
    assert.equal(await at.ferry("cat", at.url("notes.txt")), "ein Wort: Übung\n");

    await at.ferry("get", at.url("the film.bin"), "back.bin", "--verify");
    assert.equal(sha256(home.get("back.bin")), sha256(film));

    const site: Record<string, string> = {};
    for (const folder of FOLDERS) mkdirSync(home.at(`site/${folder}`), { recursive: true });
    for (const [path, length] of Object.entries(FILES)) {
      const content = someBytes(length);
      home.put(`site/${path}`, content);
      site[path] = sha256(content);
    }
    await at.ferry("mirror", "site", at.url("www"), "--verify");
    await at.ferry("mirror", at.url("www"), "copy", "--verify");
    assert.deepEqual(below(home, "copy"), [...Object.keys(FILES), ...FOLDERS.map((f) => `${f}/`)].sort());
    for (const [path, digest] of Object.entries(site)) {
      assert.equal(sha256(server.files.get(`www/${path}`)), digest, path);
      assert.equal(sha256(home.get(`copy/${path}`)), digest, path);
    }

    await at.ferry("rm", at.url("the film.bin"));
    await at.ferry("rm", "-r", at.url("www"));
    assert.deepEqual(server.files.names(), ["notes.txt"]);
  });
}
