import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { after, before, describe, test } from "node:test";
import { leakCheck } from "./leak-check.js";
import { RawClient, type RawClientOptions } from "./raw-client.js";
import { RawClientError, type RawClientReason } from "./waiting.js";

const because = (reason: RawClientReason) => (error: unknown) =>
  error instanceof RawClientError && error.reason === reason;

/** A server that does what a test tells it, line by line. */
class Scripted implements AsyncDisposable {
  readonly server: Server;
  readonly lines: string[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(answer: (line: string, socket: Socket, scripted: Scripted) => void, welcome: string) {
    this.server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.write(welcome);
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        for (let end = text.indexOf("\r\n"); end !== -1; end = text.indexOf("\r\n")) {
          const line = text.slice(0, end);
          text = text.slice(end + 2);
          this.lines.push(line);
          answer(line, socket, this);
        }
      });
    });
  }

  static async listen(
    answer: (line: string, socket: Socket, scripted: Scripted) => void,
    { host = "127.0.0.1", welcome = "220 Ready\r\n" } = {},
  ): Promise<Scripted> {
    const scripted = new Scripted(answer, welcome);
    scripted.server.listen(0, host);
    await once(scripted.server, "listening");
    return scripted;
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }

  connect(o: RawClientOptions = {}): Promise<RawClient> {
    return RawClient.connect({ ...this.address, ...o });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }
}

/** Runs with a client and a server, and closes both. */
async function talking(
  answer: (line: string, socket: Socket, scripted: Scripted) => void,
  run: (client: RawClient, scripted: Scripted) => Promise<void>,
  o: RawClientOptions & { host?: string; welcome?: string } = {},
): Promise<void> {
  const { host, welcome, ...options } = o;
  const scripted = await Scripted.listen(answer, { ...(host && { host }), ...(welcome && { welcome }) });
  try {
    const client = await scripted.connect(options);
    try {
      await run(client, scripted);
    } finally {
      await client[Symbol.asyncDispose]();
    }
  } finally {
    await scripted[Symbol.asyncDispose]();
  }
}

const hasIpv6 = await new Promise<boolean>((resolve) => {
  const server = createServer()
    .once("error", () => resolve(false))
    .listen(0, "::1", () => server.close(() => resolve(true)));
});

describe("RawClient", () => {
  leakCheck();

  test("gives replies in order, however they come", async () => {
    await talking(
      (_line, socket) => {
        socket.write("200 one\r\n211-two\r\n line\r\n211 end\r\n22");
        setImmediate(() => socket.write("6 three\r\n"));
      },
      async (client) => {
        assert.deepEqual(await client.reply(), { code: 220, lines: ["Ready"] });
        const waiting = [client.command("GO"), client.reply(), client.reply()];
        assert.deepEqual(await Promise.all(waiting), [
          { code: 200, lines: ["one"] },
          { code: 211, lines: ["two", "line", "end"] },
          { code: 226, lines: ["three"] },
        ]);
        assert.equal(client.unread, 0);
      },
    );
  });

  test("keeps replies that nobody asked for yet", async () => {
    await talking(
      (_line, socket) => socket.end("200 one\r\n421 two\r\n"),
      async (client) => {
        await client.send("GO");
        await client.closed;
        assert.equal(client.unread, 3);
        assert.equal((await client.reply()).code, 220);
        assert.equal((await client.reply()).code, 200);
        assert.equal((await client.reply()).code, 421);
        await assert.rejects(client.reply(), because("closed"));
      },
    );
  });

  test("sends lines with their end, and bytes as they are", async () => {
    const received: Buffer[] = [];
    const server = createServer((socket) => socket.on("data", (chunk) => received.push(chunk)).resume());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = await RawClient.connect({
      host: "127.0.0.1",
      port: (server.address() as AddressInfo).port,
    });
    await client.send("RETR caf\udce9 \u20ac");
    await client.send(Buffer.from([0xff, 0xf4, 0x00]));
    client.end();
    await client.closed;
    server.close();
    await once(server, "close");
    const expected = Buffer.concat([
      Buffer.from("RETR caf"),
      Buffer.from([0xe9]),
      Buffer.from(" \u20ac\r\n"),
    ]);
    assert.deepEqual(Buffer.concat(received), Buffer.concat([expected, Buffer.from([0xff, 0xf4, 0x00])]));
  });

  test("gives up when no reply comes, and leaves a later one to the next who asks", async () => {
    let say: () => void = () => {};
    await talking(
      (_line, socket) => {
        say = () => socket.write("200 late\r\n");
      },
      async (client) => {
        await client.reply();
        await client.send("GO");
        await assert.rejects(client.reply({ timeout: 20 }), because("timeout"));
        const next = client.reply();
        say();
        assert.deepEqual((await next).lines, ["late"]);
      },
    );
  });

  test("gives up when it is told to", async () => {
    const stop = new AbortController();
    await talking(
      () => {},
      async (client) => {
        await client.reply();
        const one = new AbortController();
        const waiting = assert.rejects(client.reply({ signal: one.signal }), because("aborted"));
        one.abort();
        await waiting;
        const other = assert.rejects(client.reply(), because("aborted"));
        stop.abort();
        await other;
      },
      { signal: stop.signal },
    );
  });

  test("fails at once, for all who wait, when the server closes or says what is no reply", async () => {
    for (const end of ["", "HTTP/1.1 400 Bad Request\r\n"]) {
      await talking(
        (_line, socket) => socket.end(end),
        async (client) => {
          await client.reply();
          const waiting = [client.command("GO"), client.reply()];
          for (const wait of waiting) await assert.rejects(wait, because("closed"));
          await client.closed;
          await assert.rejects(client.send("MORE"), because("closed"));
        },
      );
    }
  });

  test("breaks the connection with a RST", async () => {
    const errors: unknown[] = [];
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const accepted = once(server, "connection");
    const client = await RawClient.connect({
      host: "127.0.0.1",
      port: (server.address() as AddressInfo).port,
    });
    const [socket] = (await accepted) as [Socket];
    socket.resume().on("error", (error) => errors.push((error as NodeJS.ErrnoException).code));
    const gone = new Promise((resolve) => socket.once("close", resolve));
    await client.reset();
    await gone;
    assert.deepEqual(errors, ["ECONNRESET"]);
    server.close();
    await once(server, "close");
  });

  test("says when nobody listens", async () => {
    const scripted = await Scripted.listen(() => {});
    const { address } = scripted;
    await scripted[Symbol.asyncDispose]();
    await assert.rejects(RawClient.connect(address), /ECONNREFUSED/);
  });

  test("logs in, whether the welcome was read or not", async () => {
    const answer = (line: string, socket: Socket): void => {
      socket.write(line.startsWith("USER") ? "331 Password\r\n" : "230 In\r\n");
    };
    await talking(answer, async (client, { lines }) => {
      assert.equal((await client.login("me", "secret")).code, 230);
      assert.deepEqual(lines, ["USER me", "PASS secret"]);
    });
    await talking(answer, async (client) => {
      await client.reply();
      assert.equal((await client.login("me", "secret")).code, 230);
    });
  });

  test("does not go on when a login fails, and does not tell the password", async () => {
    await talking(
      (line, socket) => socket.write(line.startsWith("USER") ? "331 Password\r\n" : "530 No\r\n"),
      async (client) => {
        await assert.rejects(client.login("me", "secret"), (error) => {
          assert.ok(error instanceof RawClientError && because("unexpected-reply")(error), String(error));
          assert.equal(error.reply?.code, 530);
          assert.doesNotMatch(error.message, /secret/);
          return true;
        });
      },
    );
    await talking(
      () => {},
      async (client) => {
        await assert.rejects(client.login("me", "secret"), because("unexpected-reply"));
      },
      { welcome: "421 Full\r\n" },
    );
  });

  test("speaks over any stream", async () => {
    const written: string[] = [];
    const stream = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, callback) {
        written.push(chunk.toString());
        this.push("200 heard\r\n");
        callback();
      },
    });
    const client = new RawClient(stream);
    assert.deepEqual((await client.command("NOOP")).lines, ["heard"]);
    assert.deepEqual(written, ["NOOP\r\n"]);
    await assert.rejects(client.active(), TypeError);
    await client[Symbol.asyncDispose]();
  });
});

for (const host of hasIpv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]) {
  describe(`data connections of RawClient over ${host}`, () => {
    leakCheck();
    let data: Server;
    /** What the scripted server does with the next data connection. */
    let serve: (socket: Socket) => void = () => {};
    const sockets: Socket[] = [];

    before(async () => {
      data = createServer({ allowHalfOpen: true }, (socket) => {
        sockets.push(socket.on("error", () => {}));
        serve(socket);
      });
      data.listen(0, host);
      await once(data, "listening");
    });
    after(async () => {
      data.close();
      await once(data, "close");
    });

    /** Closes the server's ends of data connections too. */
    const transferring: typeof talking = async (answer, run, o = {}) => {
      try {
        await talking(answer, run, { host, ...o });
      } finally {
        for (const socket of sockets.splice(0)) socket.destroy();
      }
    };

    const content = Buffer.alloc(300_000, "data ");

    /** Connects where PORT or EPRT said. */
    const connectTo = (line: string): Socket => {
      const [verb, argument = ""] = line.split(" ");
      const [port, address] =
        verb === "PORT"
          ? [
              Number(argument.split(",")[4]) * 256 + Number(argument.split(",")[5]),
              argument.split(",").slice(0, 4).join("."),
            ]
          : [Number(argument.split("|")[3]), argument.split("|")[2] ?? ""];
      assert.equal(address, host);
      const socket = connect({ host: address, port, allowHalfOpen: true }).on("error", () => {});
      sockets.push(socket);
      return socket;
    };

    /** A server with every way to a data connection; `transfer` is run when RETR or STOR comes. */
    const server = (transfer: (control: Socket, data: Promise<Socket>, line: string) => void) => {
      let opened: Promise<Socket> = Promise.reject(new Error("no data port"));
      opened.catch(() => {});
      return (line: string, control: Socket): void => {
        const { port } = data.address() as AddressInfo;
        if (line === "EPSV" || line === "PASV") {
          opened = new Promise((resolve) => {
            serve = resolve;
          });
        }
        if (line === "EPSV") {
          control.write(`229 Entering (|||${port}|)\r\n`);
        } else if (line === "PASV") {
          control.write(`227 Entering (127,0,0,1,${port >> 8},${port & 255})\r\n`);
        } else if (/^(PORT|EPRT) /.test(line)) {
          const socket = connectTo(line);
          opened = once(socket, "connect").then(() => socket);
          control.write("200 Ready\r\n");
        } else {
          transfer(control, opened, line);
        }
      };
    };

    const modes = host === "::1" ? (["EPSV", "EPRT"] as const) : (["EPSV", "PASV", "PORT", "EPRT"] as const);
    for (const mode of modes) {
      test(`downloads and uploads (${mode})`, async () => {
        let uploaded: Buffer | undefined;
        const script = server(async (control, opened, line) => {
          control.write("150 Here\r\n");
          const socket = await opened;
          const chunks: Buffer[] = [];
          socket.on("data", (chunk) => chunks.push(chunk));
          if (line === "RETR file") {
            socket.end(content);
            socket.once("close", () => control.write("226 Sent\r\n"));
          } else {
            socket.once("end", () => {
              uploaded = Buffer.concat(chunks);
              socket.end();
              control.write("226 Stored\r\n");
            });
          }
        });
        await transferring(script, async (client) => {
          await client.reply();
          const found = await client.download("RETR file", { mode });
          assert.deepEqual(
            found.replies.map(({ code }) => code),
            [150, 226],
          );
          assert.equal(found.ended, "end");
          assert.equal(Buffer.compare(found.bytes, content), 0);
          const replies = await client.upload("STOR file", content, { mode });
          assert.deepEqual(
            replies.map(({ code }) => code),
            [150, 226],
          );
          assert.equal(Buffer.compare(uploaded ?? Buffer.alloc(0), content), 0);
        });
      });
    }

    test("gives what came before a transfer broke", async () => {
      const script = server(async (control, opened) => {
        control.write("150 Here\r\n");
        const socket = await opened;
        socket.write("some");
        // The bytes must be read before the RST, which throws away what is not.
        control.once("data", () => {
          socket.resetAndDestroy();
          control.write("426 Broken\r\n");
        });
      });
      await transferring(script, async (client) => {
        await client.reply();
        const data = await client.data();
        assert.equal((await client.command("RETR file")).code, 150);
        const socket = await data.socket();
        await once(socket, "readable");
        const receiving = data.receiveAll();
        await client.send(Buffer.from("!"));
        assert.deepEqual(await receiving, { bytes: Buffer.from("some"), ended: "reset" });
        assert.equal((await client.reply()).code, 426);
      });
    });

    test("does not wait for data when the server refuses", async () => {
      const script = server((control) => control.write("550 No such file\r\n"));
      await transferring(script, async (client) => {
        await client.reply();
        for (const mode of ["EPSV", "EPRT"] as const) {
          const found = await client.download("RETR file", { mode });
          assert.equal(found.ended, "not-opened");
          assert.equal(found.replies[0]?.code, 550);
          assert.equal((await client.upload("STOR file", "x", { mode })).length, 1);
        }
      });
    });

    test("takes the reply when the server closes during an upload", async () => {
      const script = server(async (control, opened) => {
        control.write("150 Go on\r\n");
        (await opened).resetAndDestroy();
        control.write("552 Too much\r\n");
      });
      await transferring(script, async (client) => {
        await client.reply();
        const replies = await client.upload("STOR file", Buffer.alloc(50_000_000));
        assert.deepEqual(
          replies.map(({ code }) => code),
          [150, 552],
        );
      });
    });

    test("gives up on data that stands still", async () => {
      const script = server((control) => control.write("150 Here\r\n"));
      await transferring(script, async (client) => {
        await client.reply();
        for (const mode of ["EPSV", "EPRT"] as const) {
          await assert.rejects(client.download("RETR file", { mode, timeout: 30 }), because("timeout"));
        }
      });
    });

    test("gives up on a server that never connects", async () => {
      await transferring(
        (_line, control) => control.write("200 Ready\r\n"),
        async (client) => {
          await client.reply();
          const data = await client.active();
          await assert.rejects(data.socket({ timeout: 30 }), because("timeout"));
        },
      );
    });

    test("breaks a data connection with a RST", async () => {
      const broken: Promise<unknown>[] = [];
      const script = server(async (control, opened) => {
        control.write("150 Go on\r\n");
        const socket = await opened;
        socket.resume();
        broken.push(new Promise((resolve) => socket.once("error", resolve)));
        control.write("426 Broken\r\n");
      });
      await transferring(script, async (client) => {
        await client.reply();
        const data = await client.extendedPassive();
        assert.equal(data.reply?.code, 229);
        await client.expect("STOR file", 150);
        await data.send("half");
        await client.reply();
        await data.reset();
        assert.match(String(await broken[0]), /ECONNRESET/);
      });
    });
  });
}
