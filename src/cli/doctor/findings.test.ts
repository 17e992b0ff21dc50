import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { leakCheck } from "../../testing/leak-check.js";
import type { ScriptedPeer } from "../../testing/scripted-server.js";
import { connectionCases } from "./cases/connection.support.test.js";
import { dataCases } from "./cases/data.support.test.js";
import { listingCases } from "./cases/listing.support.test.js";
import { loginCases } from "./cases/login.support.test.js";
import { tlsCases } from "./cases/tls.support.test.js";
import { transferCases } from "./cases/transfers.support.test.js";
import { COMMON_TROUBLES } from "./examination.js";
import type { Finding, Trouble } from "./finding.js";
import { PROBES } from "./probes/index.js";
import {
  examined,
  examinedAt,
  healthy,
  identity,
  listLine,
  NOW,
  portOf,
  SOON,
  sendData,
  withTls,
} from "./scene.support.test.js";

/** The data connection has ended when the 150 comes. */
async function endingFirst(peer: ScriptedPeer): Promise<void> {
  const data = await peer.data();
  await new Promise<void>((resolve) => data.resume().end(resolve));
  // Client and server share this loop: after some turns the client has seen the end.
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  peer.reply("150 Here it was.");
  peer.reply("226 Done.");
}

const CASES = {
  ...connectionCases,
  ...tlsCases,
  ...loginCases,
  ...dataCases,
  ...listingCases,
  ...transferCases,
};

/** They need a network that this machine is not: address-scope.test.ts has what decides on them. */
const NOT_ON_THE_LOOPBACK = ["active-nat", "pasv-address-outside"];

const DECLARED: readonly (readonly [string, Trouble])[] = [
  ...PROBES.flatMap(({ troubles }) => Object.entries(troubles)),
  ...Object.entries(COMMON_TROUBLES),
];

function problemsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ kind }) => kind === "problem");
}

describe("each trouble is found when it is there", () => {
  leakCheck();

  for (const [id, produce] of Object.entries(CASES)) {
    test(id, async () => {
      const findings = await produce();
      const found = findings.find((finding) => "id" in finding && finding.id === id);
      const told = JSON.stringify(findings, undefined, 1);
      assert.ok(found !== undefined && "change" in found, told);
      const declared = DECLARED.find(([each]) => each === id)?.[1];
      assert.equal(found.kind, declared?.kind, told);
      assert.ok(found.change.length > 0 && found.change.every(({ what }) => !/[{}]/.test(what)), told);
    });
  }
});

test("every declared trouble has a case", () => {
  const declared = DECLARED.map(([id]) => id).sort();
  assert.deepEqual([...Object.keys(CASES), ...NOT_ON_THE_LOOPBACK].sort(), declared);
});

describe("what is found is true", () => {
  leakCheck();

  const textsOf = (findings: readonly Finding[]): string[] => findings.map(({ text }) => text);

  for (const [greeting, service] of [
    ["220 mail.example.org ESMTP Postfix (Debian/GNU)", "a mail server (SMTP)"],
    ["220-mx.example.org ESMTP Exim 4.96\r\n220 no spam", "a mail server (SMTP)"],
    ["554 mx.example.org ESMTP not accepting messages", "a mail server (SMTP)"],
    ["200 news.example.org InterNetNews NNRP server ready", "a news server (NNTP)"],
    ["+OK Dovecot ready.", "a mail server (POP3)"],
    ["* OK [CAPABILITY IMAP4rev1] Dovecot ready.", "a mail server (IMAP)"],
    ["SSH-2.0-OpenSSH_9.2p1 Debian-2", "an SSH server"],
    ["RFB 003.008", "a VNC server"],
    ["HTTP/1.1 400 Bad Request", "a web server (HTTP)"],
  ] as const) {
    test(`${service} is called so: ${greeting}`, async () => {
      const findings = await examined({ script: { greeting: (peer) => peer.send(`${greeting}\r\n`) } });
      const said = textsOf(findings);
      assert.ok(said.includes(`What answers there is no FTP server, but ${service}`), said.join("\n"));
      assert.equal(problemsOf(findings).length, 1);
    });
  }

  test("an FTP server on a host for mail is an FTP server", async () => {
    const findings = await examined({ script: { greeting: "220 SMTP-host.example.org FTP server ready." } });
    assert.deepEqual(problemsOf(findings), []);
  });

  test("a web server, which waits for the client to begin, is called so", async () => {
    const web = createServer((_request, response) => response.end());
    const port = await portOf(web);
    try {
      const said = textsOf(await examinedAt({ port, timeout: SOON }));
      assert.ok(
        said.includes("What answers there is no FTP server, but a web server (HTTP)"),
        said.join("\n"),
      );
    } finally {
      web.closeAllConnections();
      web.close();
    }
  });

  test("a session of vsftpd that dies of a taken port is not said to end while something else is examined", async () => {
    const dying = (peer: ScriptedPeer): void => {
      peer.reply("500 OOPS: vsf_sysutil_bind");
      // Its process is gone, and nobody answers.
      peer.end();
    };
    const findings = await examined({ script: { answers: { EPSV: dying, PASV: dying } } });
    assert.deepEqual(
      problemsOf(findings).map((finding) => "id" in finding && finding.id),
      ["epsv-no-port"],
    );
    assert.ok(textsOf(findings).includes("A listing comes over an active data connection"));
  });

  test("a file in the URL is found where SIZE is refused in TYPE A", async () => {
    let type = "A";
    const findings = await examined({
      script: {
        answers: {
          CWD: "550 Not a directory.",
          TYPE: (peer, wanted) => {
            type = wanted;
            peer.reply("200 Okay.");
          },
          SIZE: (peer) => peer.reply(type === "I" ? "213 5000" : "550 SIZE not allowed in ASCII."),
        },
      },
      subject: { path: "file.bin" },
    });
    assert.deepEqual(problemsOf(findings), []);
    assert.ok(textsOf(findings).includes("A download works: file.bin"));
  });

  test("an empty folder is no problem, however soon its listing ends", async () => {
    const findings = await examined({
      script: { answers: { LIST: endingFirst, MLSD: endingFirst } },
      subject: { timeout: SOON },
    });
    assert.deepEqual(problemsOf(findings), []);
    assert.ok(textsOf(findings).includes("A listing comes over a passive (EPSV) data connection"));
  });

  test("a download that we broke off is not told with the server's complaint about it", async () => {
    const big = Buffer.alloc(200_000, "x");
    const findings = await examined({
      script: { answers: { REST: "350 Go on.", RETR: (peer) => sendData(peer, big) } },
    });
    const download = findings.find(({ text }) => text.startsWith("A download works"));
    assert.equal(download?.text, "A download works: file.bin, as far as 64 KiB of it");
    assert.equal(download !== undefined && "evidence" in download, false);
  });

  test("downloads are tried with the biggest file: small ones are whole before they are broken off", async () => {
    const FEAT = ["211-Features:", " UTF8", " SIZE", "211 End"];
    const lines = [9, 7000, 800].map((size) => listLine(NOW, `${size}.bin`).replace("5000", String(size)));
    const LIST = (peer: ScriptedPeer) => sendData(peer, lines.join(""));
    const findings = await examined({ script: { answers: { FEAT, LIST } } });
    assert.ok(textsOf(findings).includes("A download works: 7000.bin"), textsOf(findings).join("\n"));
  });

  test("ABOR after the end of a transfer is not said to have broken it off", async () => {
    const texts = textsOf(await examined({ script: { answers: { ABOR: "226 Nothing to abort." } } }));
    assert.ok(texts.includes("ABOR is answered as it should be; what it was to break off had ended before"));
  });

  test("ABOR that is answered before the transfer has broken it off all the same", async () => {
    const ABOR = (peer: ScriptedPeer): void => peer.send("226 Abort successful.\r\n426 Broken off.\r\n");
    const RETR = async (peer: ScriptedPeer): Promise<void> => {
      peer.reply("150 Here it comes.");
      (await peer.data()).on("error", () => {}).write("some of it");
    };
    const texts = textsOf(
      await examined({ script: { answers: { ABOR, RETR, REST: "502 No." } }, subject: { timeout: SOON } }),
    );
    assert.ok(
      texts.some((text) => text.startsWith("A transfer can be broken off (ABOR)")),
      texts.join("\n"),
    );
  });

  test("a clock that is an hour ahead is not said to be a zone for sure, and its offset is round", async () => {
    const ahead = NOW + 3_600_000 - 20_000;
    const findings = await examined({ script: { answers: healthy(ahead) }, subject: { write: true } });
    const found = findings.find((finding) => "id" in finding && finding.id === "mdtm-local-time");
    assert.equal(found?.text, "MDTM is +1:00 h from UTC");
    const sides = found !== undefined && "change" in found ? found.change.map(({ what }) => what) : [];
    assert.ok(sides.includes("Check its clock (NTP) and its time zone."));
  });

  test("times in LIST that are off by what is no zone are not called local time", async () => {
    const LIST = (peer: ScriptedPeer) => sendData(peer, listLine(NOW - 50 * 60_000));
    const findings = await examined({ script: { answers: { LIST } } });
    const clock = findings.find(({ probe }) => probe === "clock");
    assert.deepEqual(clock, {
      kind: "unknown",
      probe: "clock",
      text: "How times in LIST differ from UTC",
      cause: "LIST and MDTM are 20 min apart about file.bin",
    });
  });
});

describe("a healthy server", () => {
  leakCheck();

  test("in clear: nothing is wrong, and all is known", async () => {
    const findings = await examined({ subject: { write: true, sessions: 3 } });
    assert.deepEqual(
      findings.filter(({ kind }) => kind !== "ok"),
      [],
    );
    assert.ok(findings.length > 15);
  });

  test("over TLS: nothing is wrong, and all is known", async () => {
    const { pem, context } = await identity();
    const findings = await examined({
      script: { answers: withTls(context) },
      subject: { host: "localhost", tls: "explicit", tlsOptions: { ca: pem }, write: true },
      world: { now: () => Date.now() },
    });
    assert.deepEqual(problemsOf(findings), []);
  });
});
