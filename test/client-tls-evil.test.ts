/** Servers that attack a client's TLS, break it off, or do it in their own way, each by its name. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { before, describe, test } from "node:test";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import {
  FtpClient,
  type FtpClientOptions,
  type FtpDataConnectionError,
  type FtpError,
  FtpTlsError,
  type TlsMode,
} from "ferry/client";
import { leakCheck, reset, type Script, type ScriptedPeer, ScriptedServer } from "ferry/testing";
import { type Certificate, TestAuthority, testCertificates } from "./support/certificates.js";
import { LocalFolder, someBytes } from "./support/files.js";
import { loginAt } from "./support/scripted.js";

leakCheck();

const FAST = {
  connect: 3000,
  reply: 700,
  dataConnect: 700,
  stall: 1500,
  completion: 1500,
  abort: 600,
} as const;

/** Of all servers here, and of their data connections unless a test has another. */
let good: SecureContext;
let authority: TestAuthority;

before(async () => {
  const certificates = await testCertificates();
  authority = certificates.authority;
  good = contextOf(certificates.server);
});

function contextOf({ key, certificate }: Certificate, more: SecureContextOptions = {}): SecureContext {
  return createSecureContext({ key, cert: certificate, ...more });
}

function optionsFor(server: ScriptedServer, o: Partial<FtpClientOptions> = {}): FtpClientOptions {
  return {
    ...loginAt(server),
    tls: "explicit",
    dataMode: "passive",
    timeouts: FAST,
    reconnect: { attempts: 2, delay: 1 },
    ...o,
    tlsOptions: { ca: authority.certificate, serverName: "localhost", ...o.tlsOptions },
  };
}

/** A server whose TLS is good, but for what a test changes. */
function withTls(answers: Script["answers"] = {}): Script {
  return {
    answers: {
      AUTH: async (peer) => {
        peer.reply("234 Go on.");
        await peer.protect({ secureContext: good });
      },
      PBSZ: "200 PBSZ=0.",
      PROT: "200 Private.",
      ...answers,
    },
  };
}

/** Data, ended as TLS has it unless told otherwise. */
async function sendSecured(
  peer: ScriptedPeer,
  bytes: Uint8Array | string,
  {
    context = good,
    end = "close_notify",
  }: { context?: SecureContext; end?: "close_notify" | "fin" | "reset" } = {},
): Promise<void> {
  peer.reply("150 Here it comes.");
  const plain = await peer.data();
  const tls = await peer.protectedData({ secureContext: context });
  const closed = new Promise((resolve) => tls.once("close", resolve));
  tls.resume().once("end", () => tls.destroy());
  if (end === "close_notify") tls.end(bytes);
  else await new Promise((resolve) => tls.write(bytes, resolve));
  if (end === "fin") plain.end();
  if (end === "reset") await reset(plain);
  await closed;
}

/** Does not take what comes in TLS for commands, which some of its bytes may look like. */
function deafen(peer: ScriptedPeer): void {
  peer.socket.removeAllListeners("data").resume();
}

async function failure(promise: Promise<unknown>): Promise<FtpTlsError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof FtpTlsError, String(error));
  return error;
}

async function namesOf(client: FtpClient): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of client.list()) names.push(name);
  return names;
}

describe("behind AUTH", () => {
  for (const [name, lines] of [
    ["a whole reply", "234 Go on.\r\n331 Password, please.\r\n"],
    ["a part of one", "234 Go on.\r\n331 Pass"],
    ["another answer to AUTH", "234 Go on.\r\n500 No.\r\n"],
  ] as const) {
    test(`bytes-in-clear: ${name} ends the connection, and no password is said`, async () => {
      await using server = await ScriptedServer.start({
        answers: {
          AUTH: async (peer) => {
            peer.send(lines);
            await peer.protect({ secureContext: good });
          },
        },
      });
      for (const tls of ["explicit", "auto"] as const) {
        const error = await failure(FtpClient.connect(optionsFor(server, { tls })));
        assert.deepEqual([error.reason, error.phase, error.retryable], ["clear-text", "tls", false]);
      }
      assert.deepEqual([...new Set(server.verbs)], ["AUTH"]);
    });
  }

  test("pre-authenticated: a greeting of 230 spares nobody the AUTH", async () => {
    await using server = await ScriptedServer.start({
      greeting: "230 Logged in already.",
      answers: { AUTH: "502 No." },
    });
    assert.equal((await failure(FtpClient.connect(optionsFor(server)))).reason, "refused");
    assert.deepEqual(server.verbs, ["AUTH"]);
  });

  test("early-234: an answer that came before its question is no answer", async () => {
    await using server = await ScriptedServer.start({
      greeting: ["220 Ready.", "234 Go on."],
      answers: { AUTH: "502 No." },
    });
    const error = await failure(FtpClient.connect(optionsFor(server)));
    assert.ok(["refused", "no-tls", "clear-text"].includes(error.reason), error.reason);
    assert.deepEqual(server.verbs, ["AUTH"]);
  });

  test("clear-handshake: a server that goes on in clear is found out", async () => {
    await using server = await ScriptedServer.start({
      answers: {
        AUTH: async (peer) => {
          peer.reply("234 Go on.");
          await once(peer.socket, "data");
          peer.reply("500 What was that?");
        },
      },
    });
    const error = await failure(FtpClient.connect(optionsFor(server)));
    assert.deepEqual([error.reason, error.phase], ["no-tls", "tls"]);
  });

  for (const [name, act] of [
    ["closes", (peer: ScriptedPeer) => peer.end()],
    ["resets", (peer: ScriptedPeer) => reset(peer.socket)],
    [
      "resets in the middle of the handshake",
      async (peer: ScriptedPeer) => {
        deafen(peer);
        await once(peer.socket, "data");
        peer.send(Buffer.from("16030300", "hex"));
        await reset(peer.socket);
      },
    ],
  ] as const) {
    test(`234-and-gone: a server that ${name} is told as such, and may be tried again`, async () => {
      await using server = await ScriptedServer.start({
        answers: {
          AUTH: async (peer) => {
            peer.reply("234 Go on.");
            await act(peer);
          },
        },
      });
      const error = await failure(FtpClient.connect(optionsFor(server)));
      assert.deepEqual([error.reason, error.phase, error.retryable], ["broken", "tls", true]);
    });
  }

  for (const tls of ["explicit", "implicit"] as const) {
    test(`silent-handshake: ${tls}, one that never ends is given up, and an abort ends it at once`, async () => {
      const silent: Script =
        tls === "implicit"
          ? { greeting: deafen }
          : {
              answers: {
                AUTH: (peer) => {
                  peer.reply("234 Go on.");
                  deafen(peer);
                },
              },
            };
      await using server = await ScriptedServer.start(silent);
      await assert.rejects(FtpClient.connect(optionsFor(server, { tls })), {
        code: "ERR_FERRY_FTP_TIMEOUT",
        phase: "tls",
      });
      const stop = new AbortController();
      const connecting = FtpClient.connect(optionsFor(server, { tls, timeouts: { reply: 600_000 } }), {
        signal: stop.signal,
      });
      while (server.peers.length < 2) await new Promise((resolve) => setImmediate(resolve));
      const bytesOfHello = once(server.peers[1]?.socket as Socket, "data");
      await bytesOfHello;
      stop.abort();
      await assert.rejects(connecting, { code: "ERR_FERRY_FTP_ABORTED" });
    });
  }

  test("old-words: AUTH SSL is tried where AUTH TLS is not known", async () => {
    await using server = await ScriptedServer.start(
      withTls({
        AUTH: async (peer, mechanism) => {
          if (mechanism !== "SSL") return peer.reply("504 Which?");
          peer.reply("334 Go on.");
          await peer.protect({ secureContext: good });
        },
        SIZE: "213 5",
      }),
    );
    await using client = await FtpClient.connect(optionsFor(server));
    assert.equal(await client.size("f"), 5);
    assert.equal(client.security?.authorized, true);
  });
});

describe("versions", () => {
  test("too-old: TLS 1.1 is refused, unless it is let through", async () => {
    const { server: identity } = await testCertificates();
    const old = contextOf(identity, {
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "ALL:@SECLEVEL=0",
    });
    await using server = await ScriptedServer.start(
      withTls({
        AUTH: async (peer) => {
          peer.reply("234 Go on.");
          await peer.protect({ secureContext: old });
        },
      }),
    );
    const error = await failure(FtpClient.connect(optionsFor(server)));
    assert.equal(error.reason, "nothing-in-common");
    await using client = await FtpClient.connect(optionsFor(server, { tlsOptions: { minVersion: "TLSv1" } }));
    assert.equal(client.security?.protocol, "TLSv1.1");
  });

  test("broken-later: a session whose TLS breaks is made again, as any that is lost", async () => {
    let plain: Socket | undefined;
    await using server = await ScriptedServer.start(
      withTls({
        AUTH: async (peer) => {
          peer.reply("234 Go on.");
          plain = peer.socket;
          await peer.protect({ secureContext: good });
        },
        SIZE: "213 5",
        DELE: () => void plain?.write("500 OOPS: child died\r\n"),
      }),
    );
    await using client = await FtpClient.connect(optionsFor(server));
    await assert.rejects(client.remove("f"), { code: "ERR_FERRY_FTP_CONNECTION", retryable: true });
    assert.equal(await client.size("f"), 5);
    assert.equal(server.peers.length, 2);
  });

  test("silent-greeting: a server that waits for implicit TLS is guessed", async () => {
    await using server = await ScriptedServer.start({ greeting: deafen });
    await assert.rejects(FtpClient.connect(optionsFor(server)), (error: FtpError) => {
      assert.deepEqual([error.code, error.phase], ["ERR_FERRY_FTP_TIMEOUT", "greeting"]);
      assert.match(error.hint ?? "", /implicit/);
      return true;
    });
  });

  test("last-words-in-clear: a server that dies as vsftpd does is told so", async () => {
    await using server = await ScriptedServer.start(
      withTls({
        AUTH: async (peer) => {
          peer.reply("234 Go on.");
          const plain = peer.socket;
          await peer.protect({ secureContext: good });
          peer.socket.once("data", () => void plain.write("500 OOPS: child died\r\n"));
        },
        "*": () => {},
        USER: () => {},
      }),
    );
    const error = await failure(FtpClient.connect(optionsFor(server)));
    assert.deepEqual(
      [error.phase, error.message.startsWith("the server broke off in clear")],
      ["login", true],
    );
  });
});

describe("PROT", () => {
  test("is not believed to be there when it is refused", async () => {
    await using server = await ScriptedServer.start(
      withTls({ PBSZ: "500 What?", PROT: "500 What?", RETR: (peer) => peer.sendFile("in clear") }),
    );
    assert.equal((await failure(FtpClient.connect(optionsFor(server)))).reason, "refused");
    await using client = await FtpClient.connect(optionsFor(server, { tls: "auto" }));
    assert.equal(String(await client.readFile("f")), "in clear");
  });

  test("may be unknown with implicit TLS, where data are in TLS all the same", async () => {
    await using server = await ScriptedServer.start({
      greeting: async (peer) => {
        await peer.protect({ secureContext: good });
        peer.reply("220 Ready.");
      },
      answers: {
        PBSZ: "500 What?",
        PROT: "500 What?",
        RETR: async (peer) => {
          await sendSecured(peer, "content");
          peer.reply("226 Done.");
        },
      },
    });
    await using client = await FtpClient.connect(optionsFor(server, { tls: "implicit" }));
    assert.equal(String(await client.readFile("f")), "content");
  });
});

describe("a data connection", () => {
  test("other-host: is refused when its certificate is for another host, before a byte is sent", async () => {
    const other = contextOf(await authority.issue({ name: "other", hosts: ["other.example"] }));
    const stranger = contextOf(
      await (await TestAuthority.make("S")).issue({ name: "localhost", hosts: ["localhost"] }),
    );
    const received: Buffer[] = [];
    for (const [context, tls, reason] of [
      [other, "explicit", "wrong-host"],
      [stranger, "explicit", "unknown-authority"],
      [stranger, "auto", "other-certificate"],
    ] as readonly [SecureContext, TlsMode, string][]) {
      await using server = await ScriptedServer.start(
        withTls({
          STOR: async (peer) => {
            peer.reply("150 Send it.");
            const stored = async () => {
              const socket = await peer.protectedData({ secureContext: context });
              for await (const chunk of socket) received.push(chunk as Buffer);
            };
            await stored().catch(() => {});
            peer.reply("226 Stored.");
          },
          RETR: async (peer) => {
            await sendSecured(peer, "content", { context }).catch(() => {});
            peer.reply("226 Done.");
          },
        }),
      );
      await using client = await FtpClient.connect(optionsFor(server, { tls }));
      for (const call of [() => client.upload(Buffer.from("secret"), "f"), () => client.readFile("f")]) {
        const error = await failure(call());
        assert.deepEqual([error.reason, error.phase], [reason, "data-connection"]);
      }
    }
    assert.deepEqual(received, []);
  });

  test("not-reused: goes on where a server resumes nothing, and is told of", async () => {
    const { server: identity } = await testCertificates();
    await using server = await ScriptedServer.start(
      withTls({
        RETR: async (peer) => {
          await sendSecured(peer, "content", { context: contextOf(identity) });
          peer.reply("226 Done.");
        },
      }),
    );
    await using client = await FtpClient.connect(optionsFor(server));
    for (let n = 0; n < 6; n++) {
      assert.equal(String(await client.readFile("f")), "content");
      assert.equal(client.security?.dataReused, false);
    }
  });

  test("silent-handshake: one that does not end is given up, and the session goes on", async () => {
    await using server = await ScriptedServer.start(
      withTls({
        RETR: async (peer) => {
          peer.reply("150 Here it comes.");
          const socket = await peer.data();
          await new Promise((resolve) => socket.resume().once("close", resolve));
          peer.reply("425 No.");
        },
        SIZE: "213 5",
      }),
    );
    await using client = await FtpClient.connect(optionsFor(server));
    await assert.rejects(client.readFile("f"), { code: "ERR_FERRY_FTP_REPLY" });
    assert.equal(await client.size("f"), 5);
    assert.equal(server.peers.length, 1);
  });

  test("refused: the server's 522 is what is told", async () => {
    await using server = await ScriptedServer.start(
      withTls({
        RETR: async (peer) => {
          peer.reply("150 Here it comes.");
          await reset(await peer.data());
          peer.reply("522 SSL connection failed: session reuse required");
        },
      }),
    );
    await using client = await FtpClient.connect(optionsFor(server));
    await assert.rejects(
      client.readFile("f"),
      (error: { code?: string; hint?: string; reply?: { code: number } }) => {
        assert.deepEqual([error.code, error.reply?.code], ["ERR_FERRY_FTP_REPLY", 522]);
        assert.match(error.hint ?? "", /same TLS session/);
        return true;
      },
    );
  });

  test("cut: without close_notify a download is not whole, whatever the server says", async () => {
    for (const end of ["fin", "reset"] as const) {
      await using server = await ScriptedServer.start(
        withTls({
          RETR: async (peer) => {
            await sendSecured(peer, someBytes(100_000), { end });
            peer.reply("226 Done.");
          },
          LIST: async (peer) => {
            await sendSecured(peer, "-rw-r--r-- 1 a b 5 Jan  1  2020 name\r\n", { end });
            peer.reply("226 Done.");
          },
          SIZE: "213 100001",
        }),
      );
      await using client = await FtpClient.connect(optionsFor(server));
      using folder = new LocalFolder();
      const lost = (error: FtpDataConnectionError): boolean => {
        assert.deepEqual([error.code, error.retryable], ["ERR_FERRY_FTP_DATA_CONNECTION", true]);
        assert.equal(error.hint?.includes("acceptBareEnd"), end === "fin" ? true : undefined);
        return true;
      };
      await assert.rejects(client.readFile("f"), lost);
      await assert.rejects(client.download("f", folder.at("f"), { onProgress: () => {} }), lost);
      assert.equal(folder.has("f"), false);
      await assert.rejects(namesOf(client), lost);
      assert.equal(await client.size("f"), 100_001, "the session goes on");
    }
  });

  test("no-close-notify: is taken when the size was known and is right, or when we are told to", async () => {
    const listing = "-rw-r--r-- 1 a b 5 Jan  1  2020 name\r\n";
    const bytes = someBytes(100_000);
    let reply = "226 Done.";
    await using server = await ScriptedServer.start(
      withTls({
        RETR: async (peer) => {
          await sendSecured(peer, bytes, { end: "fin" });
          peer.reply(reply);
        },
        LIST: async (peer) => {
          await sendSecured(peer, listing, { end: "fin" });
          peer.reply("226 Done.");
        },
        SIZE: "213 100000",
      }),
    );
    using folder = new LocalFolder();
    await using client = await FtpClient.connect(optionsFor(server));
    await client.download("f", folder.at("f"), { onProgress: () => {} });
    assert.deepEqual(folder.get("f"), bytes);
    await using lenient = await FtpClient.connect(
      optionsFor(server, { tlsOptions: { acceptBareEnd: true } }),
    );
    assert.equal((await lenient.readFile("f")).length, 100_000);
    assert.deepEqual(await namesOf(lenient), ["name"]);
    reply = "426 It broke.";
    await assert.rejects(lenient.readFile("f"), { code: "ERR_FERRY_FTP_REPLY" });
    await assert.rejects(client.download("f", folder.at("g"), { onProgress: () => {} }), {
      code: "ERR_FERRY_FTP_REPLY",
    });
  });
});
