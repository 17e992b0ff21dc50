/** Uploads that break off, and how clients continue them (docs/uploads.md), from one socket to the other. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe } from "node:test";
import { PERMISSIONS } from "ferry/accounts";
import type { Reply } from "ferry/protocol";
import { leakCheck, type RawClient, type RawData } from "ferry/testing";
import { sha256, someBytes } from "./support/files.js";
import { codesOf, everywhere, OTHER, type Serving, textOf, withEachStorage } from "./support/session.js";

leakCheck();

const KIB = 1024;
/** A part ends at such a boundary. */
const UNIT = 64 * KIB;
const CONTENT = someBytes(400_000);
const SENT = 200_000;
const KEPT = 3 * UNIT;

/** Sends some of a file; the server has all of it when this resolves. */
async function begin(client: RawClient, line: string, bytes: Uint8Array): Promise<RawData> {
  const data = await client.extendedPassive();
  await client.expect(line, 125, 150);
  if (bytes.length > 0) await data.send(bytes);
  while (!textOf(await client.expect("STAT", 211)).includes(`, ${bytes.length} bytes in `));
  return data;
}

async function breakOff(client: RawClient, line: string, bytes: Uint8Array): Promise<Reply<number>> {
  const data = await begin(client, line, bytes);
  await data.reset();
  return await client.reply();
}

/** What SIZE says; its code where that is no 213. */
async function size(client: RawClient, path: string): Promise<number> {
  const answer = await client.command(`SIZE ${path}`);
  return answer.code === 213 ? Number(textOf(answer)) : answer.code;
}

async function store(client: RawClient, line: string, bytes: Uint8Array): Promise<number | undefined> {
  return (await client.upload(line, bytes)).at(-1)?.code;
}

type Break = (client: RawClient, data: RawData, served: Serving) => Promise<void>;

const BREAKS: readonly (readonly [string, Break])[] = [
  [
    "the data connection is reset",
    async (client, data) => {
      await data.reset();
      assert.equal((await client.reply()).code, 426);
    },
  ],
  [
    "the client sends ABOR",
    async (client) => {
      await client.expect("ABOR", 426);
      assert.equal((await client.reply()).code, 226);
    },
  ],
  [
    "the control connection is reset",
    async (client, _, { server }) => {
      const over = once(server, "transfer");
      await client.reset();
      await over;
    },
  ],
  [
    "the client closes its control connection",
    async (client, _, { server }) => {
      const over = once(server, "transfer");
      client.end();
      await over;
    },
  ],
];

describe("a new file whose upload breaks off", () => {
  for (const [how, cut] of BREAKS) {
    everywhere(
      `because ${how} is kept, told by SIZE, and continued by REST`,
      async ({ client, served, files }) => {
        await cut(client, await begin(client, "STOR file", CONTENT.subarray(0, SENT)), served);
        const again = await served.login();
        assert.equal(await size(again, "file"), KEPT);
        assert.deepEqual(codesOf((await again.download("RETR file")).replies), [550]);
        await again.expect("MDTM file", 550);
        assert.deepEqual(await files.names("/"), []);
        assert.equal(String((await again.download("NLST")).bytes), "");

        await again.expect(`REST ${KEPT}`, 350);
        assert.equal(await store(again, "STOR file", CONTENT.subarray(KEPT)), 226);
        assert.equal(sha256(await files.get("/file")), sha256(CONTENT));
        assert.equal(await size(again, "file"), CONTENT.length);
      },
    );
  }

  withEachStorage(
    "is kept to the boundary below what arrived, so that it never looks whole",
    async ({ client }) => {
      const arrivals = [0, 1, UNIT - 1, UNIT, UNIT + 1, 2 * UNIT, 2 * UNIT + 1];
      const kept = [550, 550, 550, 550, UNIT, UNIT, 2 * UNIT];
      for (const [n, arrived] of arrivals.entries()) {
        const { code } = await breakOff(client, `STOR ${arrived}`, CONTENT.subarray(0, arrived));
        assert.equal(code, 426);
        assert.equal(await size(client, String(arrived)), kept[n], `of ${arrived}`);
      }
    },
  );

  withEachStorage(
    "is continued from anywhere in what is kept, and not from beyond",
    async ({ client, files }) => {
      await breakOff(client, "STOR file", CONTENT.subarray(0, SENT));
      await client.expect(`REST ${KEPT + 1}`, 350);
      assert.equal(await store(client, "STOR file", CONTENT.subarray(KEPT + 1)), 550);
      assert.equal(await size(client, "file"), KEPT);
      await client.expect("REST 1000", 350);
      assert.equal(await store(client, "STOR file", CONTENT.subarray(1000)), 226);
      assert.equal(sha256(await files.get("/file")), sha256(CONTENT));
    },
  );

  withEachStorage(
    "belongs to its account: others see nothing, and have their own",
    async ({ client, served, files }) => {
      const other = await served.login(OTHER);
      const others = someBytes(300_000);
      await breakOff(client, "STOR file", CONTENT.subarray(0, SENT));
      assert.equal(await size(other, "file"), 550);
      await breakOff(other, "STOR file", others.subarray(0, 2 * UNIT + 1));
      assert.deepEqual([await size(client, "file"), await size(other, "file")], [KEPT, 2 * UNIT]);
      assert.equal(await store(other, "APPE file", others.subarray(2 * UNIT)), 226);
      assert.equal(sha256(await files.get("/file")), sha256(others));
      assert.equal(await size(client, "file"), KEPT);
      assert.equal(await store(client, "APPE file", CONTENT.subarray(KEPT)), 226);
      assert.equal(sha256(await files.get("/file")), sha256(CONTENT));
    },
  );

  const drops: readonly (readonly [string, (client: RawClient) => Promise<unknown>])[] = [
    ["STOR without REST", (client) => store(client, "STOR file", CONTENT.subarray(0, 10))],
    ["DELE", (client) => client.expect("DELE file", 250)],
    [
      "RNTO to its name",
      async (client) => {
        await store(client, "STOR other", CONTENT.subarray(0, 10));
        await client.expect("RNFR other", 350);
        await client.expect("RNTO file", 250);
      },
    ],
  ];
  for (const [what, drop] of drops) {
    withEachStorage(`is forgotten with ${what}`, async ({ client }) => {
      await breakOff(client, "STOR file", CONTENT.subarray(0, SENT));
      assert.equal(await size(client, "file"), KEPT);
      await drop(client);
      assert.equal(await size(client, "file"), what === "DELE" ? 550 : 10);
    });
  }

  withEachStorage(
    "goes with its directory, unless it is another account's",
    async ({ client, served, files }) => {
      const other = await served.login(OTHER);
      await client.expect("MKD folder", 257);
      await breakOff(client, "STOR folder/file", CONTENT.subarray(0, SENT));
      await other.expect("RMD folder", 550);
      await client.expect("RMD folder", 250);
      assert.deepEqual(await files.names("/"), []);
      await client.expect("MKD folder", 257);
      assert.equal(await size(client, "folder/file"), 550);
    },
  );

  withEachStorage(
    "is continued by those who may upload and not overwrite, but a visible file is not",
    async ({ client, files }) => {
      await breakOff(client, "STOR file", CONTENT.subarray(0, SENT));
      await client.expect(`REST ${KEPT}`, 350);
      assert.equal(await store(client, "STOR file", CONTENT.subarray(KEPT)), 226);
      await client.expect("REST 10", 350);
      assert.equal(await store(client, "STOR file", CONTENT), 553);
      assert.equal(await store(client, "STOR file", CONTENT), 553);
      assert.equal(sha256(await files.get("/file")), sha256(CONTENT));
    },
    { account: { permissions: PERMISSIONS.filter((name) => name !== "overwrite" && name !== "append") } },
  );

  withEachStorage("leaves nothing when the server chose its name", async ({ client, files }) => {
    await breakOff(client, "STOU", CONTENT.subarray(0, SENT));
    assert.deepEqual(await files.names("/"), []);
  });
});

describe("a file that is there, whose new upload breaks off", () => {
  const OLD = someBytes(300_000);

  everywhere(
    "stays for everybody as it was, until the new one is complete",
    async ({ client, served, files }) => {
      await files.put("/file", OLD);
      const other = await served.login(OTHER);
      assert.equal((await breakOff(client, "STOR file", CONTENT.subarray(0, SENT))).code, 426);
      assert.deepEqual([await size(client, "file"), await size(other, "file")], [KEPT, OLD.length]);
      for (const each of [client, other]) {
        assert.equal(sha256((await each.download("RETR file")).bytes), sha256(OLD));
        assert.match(String((await each.download("LIST")).bytes), / 300000 /);
      }
      assert.equal(await store(client, "APPE file", CONTENT.subarray(KEPT)), 226);
      assert.equal(sha256(await files.get("/file")), sha256(CONTENT));
      assert.deepEqual(
        [await size(client, "file"), await size(other, "file")],
        [CONTENT.length, CONTENT.length],
      );
    },
  );

  withEachStorage("is never continued itself by who believes what SIZE says", async ({ client, files }) => {
    // So little arrived that nothing is kept: SIZE must not tell the old file's length.
    await files.put("/file", OLD);
    await breakOff(client, "STOR file", CONTENT.subarray(0, 1000));
    const told = await size(client, "file");
    await client.expect(`REST ${told}`, 350);
    assert.equal(await store(client, "STOR file", CONTENT.subarray(told)), 226);
    assert.equal(sha256(await files.get("/file")), sha256(CONTENT));
  });

  withEachStorage("keeps what arrived when it was appended to", async ({ client, files }) => {
    await files.put("/file", "old ");
    await breakOff(client, "APPE file", Buffer.from("new"));
    assert.equal((await files.get("/file")).toString(), "old new");
    assert.equal(await size(client, "file"), 7);
    assert.equal(await store(client, "APPE file", Buffer.from(" rest")), 226);
    assert.equal((await files.get("/file")).toString(), "old new rest");
  });
});

describe("clients that continue", () => {
  type Continue = (client: RawClient) => Promise<void>;
  const CLIENTS: readonly (readonly [string, Continue])[] = [
    [
      "as curl -C -, by SIZE and APPE",
      async (client) => {
        await client.expect("TYPE I", 200);
        const from = await size(client, "file");
        const begins = from === 550 ? 0 : from;
        assert.equal(
          await store(client, begins === 0 ? "STOR file" : "APPE file", CONTENT.subarray(begins)),
          226,
        );
      },
    ],
    [
      "as lftp put -c, by SIZE and REST",
      async (client) => {
        await client.expect("TYPE I", 200);
        const from = await size(client, "file");
        const begins = from === 550 ? 0 : from;
        if (begins > 0) await client.expect(`REST ${begins}`, 350);
        assert.equal(await store(client, "STOR file", CONTENT.subarray(begins)), 226);
      },
    ],
    ["from the beginning", async (client) => assert.equal(await store(client, "STOR file", CONTENT), 226)],
  ];

  for (const [how, carryOn] of CLIENTS) {
    withEachStorage(`${how}, get the whole file wherever it broke`, async ({ client, served, files }) => {
      for (const old of [undefined, someBytes(CONTENT.length)]) {
        for (let tenth = 0; tenth <= 10; tenth++) {
          if (old === undefined) await files.remove("/file");
          else await files.put("/file", old);
          await breakOff(client, "STOR file", CONTENT.subarray(0, (CONTENT.length * tenth) / 10));
          const again = await served.login();
          await carryOn(again);
          await again.expect("QUIT", 221);
          assert.equal(sha256(await files.get("/file")), sha256(CONTENT), `broken at ${tenth} tenths`);
        }
      }
    });
  }

  withEachStorage("get there also when it breaks again and again", async ({ client, files }) => {
    let at = 0;
    for (let round = 1; round <= 6; round++) {
      if (at > 0) await client.expect(`REST ${at}`, 350);
      await breakOff(client, "STOR file", CONTENT.subarray(at, round * UNIT + 1));
      const kept = await size(client, "file");
      assert.ok(kept >= at && kept === round * UNIT, `${kept} after ${round}`);
      at = kept;
    }
    await client.expect(`REST ${at}`, 350);
    assert.equal(await store(client, "STOR file", CONTENT.subarray(at)), 226);
    assert.equal(sha256(await files.get("/file")), sha256(CONTENT));
  });
});
