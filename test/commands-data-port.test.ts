/** How data connections are asked for (RFC 959 4.1.2, RFC 2428, RFC 1639), and what becomes of them. */
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { leakCheck, RawClient, RawData } from "ferry/testing";
import { DATA_MODES, dataConnection, familiesOf, isPassive, passivePort } from "./support/data.js";
import { sha256, someBytes } from "./support/files.js";
import { PASSWORD, USER } from "./support/server.js";
import {
  codesOf,
  established,
  everywhere,
  HOSTS,
  type Scene,
  Serving,
  somewhere,
  textOf,
} from "./support/session.js";

leakCheck();

const CONTENT = someBytes(300_001);

describe("a file moves both ways", () => {
  for (const mode of DATA_MODES) {
    const roundTrip = async ({ client, files, served }: Scene) => {
      // Twice: a passive port serves again.
      for (const name of ["first", "second"]) {
        const up = await dataConnection(client, mode, served.family);
        await client.expect(`STOR ${name}`, 125, 150);
        await up.send(CONTENT);
        await up.end();
        assert.equal((await client.reply()).code, 226);
        assert.equal(sha256(await files.get(`/${name}`)), sha256(CONTENT));
        await up[Symbol.asyncDispose]();

        const down = await dataConnection(client, mode, served.family);
        await client.expect(`RETR ${name}`, 125, 150);
        const { bytes, ended } = await down.receiveAll();
        assert.deepEqual([sha256(bytes), ended], [sha256(CONTENT), "end"]);
        assert.equal((await client.reply()).code, 226);
        await down[Symbol.asyncDispose]();
      }
    };
    everywhere(`over ${mode}`, roundTrip, {}, familiesOf(mode));
  }

  somewhere(
    "over PASV and PORT not with IPv6, for which they have no room",
    async ({ client }) => {
      assert.match(textOf(await client.expect("PASV", 500)), /EPSV/);
      await client.expect("PORT 0,0,0,1,200,10", 500);
    },
    { family: "IPv6" },
  );
});

describe("the opening reply", () => {
  for (const mode of DATA_MODES) {
    somewhere(`is 150 before the data connection of ${mode} is there`, async ({ client }) => {
      if (!isPassive(mode)) {
        const { replies } = await listOver(client, await dataConnection(client, mode, "IPv4"));
        assert.deepEqual(replies, [150, 226]);
        return;
      }
      const port = await passivePort(client, mode as "EPSV" | "PASV" | "LPSV");
      await client.expect("LIST", 150);
      await using data = port.connect();
      await data.receiveAll();
      assert.equal((await client.reply()).code, 226);
    });
  }

  for (const mode of ["EPSV", "PASV", "LPSV"] as const) {
    const waiting = async ({ client, served }: Scene) => {
      const data = (await passivePort(client, mode, served.family)).connect();
      await data.socket();
      await established(client);
      assert.deepEqual((await listOver(client, data)).replies, [125, 226]);
    };
    everywhere(`is 125 when the data connection of ${mode} waits already`, waiting, {}, familiesOf(mode));
  }

  async function listOver(client: RawClient, data: RawData): Promise<{ replies: number[] }> {
    const opened = await client.command("LIST");
    await data.receiveAll();
    const replies = codesOf([opened, await client.reply()]);
    await data[Symbol.asyncDispose]();
    return { replies };
  }
});

describe("a data port", () => {
  somewhere("serves one transfer", async ({ client, files }) => {
    await files.put("/file", "text");
    await client.download("RETR file");
    await client.expect("RETR file", 425);
  });

  somewhere("is forgotten when another one is asked for", async ({ client }) => {
    const first = await client.active();
    const second = await client.extendedPassive();
    await client.expect("LIST", 125, 150);
    assert.equal((await second.receiveAll()).ended, "end");
    assert.equal((await client.reply()).code, 226);
    await first[Symbol.asyncDispose]();
    await client.expect("LIST", 425);
  });

  somewhere("outlives a transfer that was refused before it began", async ({ client, files }) => {
    await files.put("/file", "text");
    const data = await client.extendedPassive();
    await client.expect("RETR missing", 550);
    await client.expect("RETR file", 125, 150);
    assert.equal((await data.receiveAll()).bytes.toString(), "text");
    assert.equal((await client.reply()).code, 226);
  });

  somewhere("is none when a bad one was asked for last", async ({ client }) => {
    for (const line of ["PORT 127,0,0,2,200,10", "EPRT |1|127.0.0.1|80|", "LPRT 4,4,10,0,0,1,2,200,10"]) {
      await client.extendedPassive();
      await client.expect(line, 500);
      await client.expect("LIST", 425);
    }
  });
});

describe("without a data connection", () => {
  const soon = { server: { timeouts: { dataConnect: 60 } } };

  somewhere(
    "a transfer ends with 425 when nobody comes",
    async ({ client }) => {
      await client.expect("EPSV", 229);
      await client.expect("LIST", 150);
      const answer = await client.reply();
      assert.deepEqual([answer.code, /timed out/.test(textOf(answer))], [425, true]);
      await client.expect("LIST", 425);
    },
    soon,
  );

  somewhere("a transfer ends with 425 when nobody listens", async ({ client }) => {
    const listener = createServer().listen(0, "127.0.0.1");
    await new Promise((listening) => listener.once("listening", listening));
    const { port } = listener.address() as AddressInfo;
    await new Promise((closed) => listener.close(closed));
    await client.expect(`EPRT |1|127.0.0.1|${port}|`, 200);
    await client.expect("LIST", 150);
    const answer = await client.reply();
    assert.deepEqual([answer.code, /refused/.test(textOf(answer))], [425, true]);
  });

  somewhere(
    "a transfer ends with 425 when only somebody else comes",
    async ({ client }) => {
      const { port } = await passivePort(client);
      await beTurnedAway(port);
      await client.expect("LIST", 150);
      const answer = await client.reply();
      assert.deepEqual([answer.code, /another address/.test(textOf(answer))], [425, true]);
    },
    soon,
  );

  somewhere("the right peer is served though somebody else came first", async ({ client, files }) => {
    await files.put("/file", "text");
    const { port, connect: connectData } = await passivePort(client);
    await client.expect("RETR file", 150);
    await beTurnedAway(port);
    await using data = connectData();
    assert.equal((await data.receiveAll()).bytes.toString(), "text");
    assert.equal((await client.reply()).code, 226);
  });
});

/** From another address than the client's. Resolves when the server has closed the connection. */
async function beTurnedAway(port: number): Promise<void> {
  const stranger = connect({ host: "127.0.0.1", port, localAddress: "127.0.0.2" });
  stranger.on("error", () => {}).resume();
  await new Promise((resolve) => stranger.once("close", resolve));
}

describe("EPSV", () => {
  everywhere("takes the number of the family that is spoken, and no other", async ({ client, served }) => {
    const [own, other] = served.host.includes(":") ? [2, 1] : [1, 2];
    await client.expect(`EPSV ${own}`, 229);
    const answer = await client.expect(`EPSV ${other}`, 522);
    // RFC 2428 2: the text ends in the families that can be used.
    assert.match(textOf(answer), new RegExp(`\\(${own}\\)$`));
    await client.expect("EPSV 3", 522);
    await client.expect("EPSV x", 501);
  });

  everywhere("ALL refuses every other way from then on (RFC 2428 4)", async ({ client, served, files }) => {
    const address = served.host;
    const [number, long] = address.includes(":") ? [2, `6,16,${"0,".repeat(15)}1`] : [1, "4,4,127,0,0,1"];
    await files.put("/file", "text");
    const asked = [
      "PASV",
      "LPSV",
      "PORT 127,0,0,1,200,10",
      `EPRT |${number}|${address}|51210|`,
      `LPRT ${long},2,200,10`,
    ];
    await client.expect("EPSV all", 200);
    for (const line of asked) await client.expect(line, 500);
    const { bytes, replies } = await client.download("RETR file");
    assert.deepEqual([bytes.toString(), codesOf(replies).at(-1)], ["text", 226]);
  });
});

describe("PORT, EPRT and LPRT", () => {
  everywhere("take no address but the client's, and no port below 1024", async ({ client, served }) => {
    const lines = served.host.includes(":")
      ? ["EPRT |2|::2|51210|", "EPRT |2|::1|1023|", "EPRT |1|127.0.0.1|51210|"]
      : [
          "PORT 127,0,0,2,200,10",
          "PORT 127,0,0,1,3,255",
          "PORT 10,0,0,1,200,10",
          "EPRT |1|127.0.0.2|51210|",
          "EPRT |2|::1|51210|",
          "LPRT 4,4,127,0,0,1,2,3,255",
        ];
    for (const line of lines) await client.expect(line, 500);
  });

  somewhere("take an IPv4 address that is written as IPv6", async ({ client, files }) => {
    await files.put("/file", "text");
    const data = await RawData.listen("127.0.0.1", {});
    await client.expect(`EPRT |2|::ffff:127.0.0.1|${data.port}|`, 200);
    await client.expect("RETR file", 150);
    assert.equal((await data.receiveAll()).bytes.toString(), "text");
    assert.equal((await client.reply()).code, 226);
    await data[Symbol.asyncDispose]();
  });

  everywhere("take the address that means none for the client's own, as lftp says it", async (scene) => {
    const { client, files, served } = scene;
    await files.put("/file", "text");
    const own = served.family === "IPv4" ? "|1|0.0.0.0|" : "|2|::|";
    const data = await RawData.listen(served.host, {});
    await client.expect(`EPRT ${own}${data.port}|`, 200);
    await client.expect("RETR file", 150);
    assert.equal((await data.receiveAll()).bytes.toString(), "text");
    assert.equal((await client.reply()).code, 226);
    await data[Symbol.asyncDispose]();
    await client.expect(`EPRT ${own}80|`, 500);
  });

  somewhere("say 501 to what they cannot read, 522 or 521 to other families", async ({ client }) => {
    const wrong = [
      "PORT 1,2,3,4,5",
      "PORT 256,0,0,1,4,4",
      "PORT 127,0,0,1,0,0",
      "EPRT 127.0.0.1",
      "LPRT 4,4,1",
    ];
    for (const line of wrong) await client.expect(line, 501);
    assert.match(textOf(await client.expect("EPRT |9|x|51210|", 522)), /\(1,2\)$/);
    assert.match(textOf(await client.expect("LPRT 9,1,1,2,200,10", 521)), /\(4,6\)$/);
  });

  somewhere(
    "take other addresses where that is allowed",
    async ({ client, files }) => {
      await files.put("/file", "text");
      const elsewhere = await RawData.listen("127.0.0.2", {});
      await client.expect(`EPRT |1|127.0.0.2|${elsewhere.port}|`, 200);
      await client.expect("RETR file", 150);
      assert.equal((await elsewhere.receiveAll()).bytes.toString(), "text");
      assert.equal((await client.reply()).code, 226);
      await elsewhere[Symbol.asyncDispose]();
      await client.expect("PORT 127,0,0,2,3,255", 500);
    },
    { server: { allowForeignData: true } },
  );

  test("are not needed where the default data port of RFC 959 3.2 is allowed", async () => {
    await using served = await Serving.start({ server: { defaultDataPort: true } });
    await served.files.put("/file", "text");
    // A connection with a port of its choice is the only one beside which that port can be listened on.
    const probe = createServer().listen(0, HOSTS.IPv4);
    await new Promise((listening) => probe.once("listening", listening));
    const { port: localPort } = probe.address() as AddressInfo;
    await new Promise((closed) => probe.close(closed));
    const socket = connect({ host: served.host, port: served.port, localPort });
    await using client = new RawClient(socket);
    await client.login(USER, PASSWORD);
    const arrived = new Promise<string>((resolve) => {
      const listener = createServer((data) => {
        let text = "";
        listener.close();
        data.on("data", (chunk) => {
          text += chunk.toString();
        });
        data.on("end", () => resolve(text));
      }).listen(localPort, HOSTS.IPv4);
    });
    await client.expect("RETR file", 150);
    assert.equal(await arrived, "text");
    assert.equal((await client.reply()).code, 226);
  });
});
