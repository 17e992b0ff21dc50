/** ALLO and AVBL: whether there is room; and what STOR says when there is none. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import { allowance, forward, quota, StorageError } from "ferry/storage";
import { MemoryTree } from "ferry/storage/memory";
import { leakCheck } from "ferry/testing";
import { everywhere, type ServingOptions, somewhere, textOf } from "./support/session.js";

leakCheck();

const ofCapacity = (capacity: number): ServingOptions => ({
  decorate: () => new MemoryTree({ capacity }).storageFor("anna"),
});

describe("AVBL", () => {
  everywhere(
    "tells a number of bytes, for the working directory or another one",
    async ({ client, files }) => {
      await files.makeDirectory("/folder");
      await files.put("/file", "text");
      for (const line of ["AVBL", "AVBL folder", "AVBL /"]) {
        assert.match(textOf(await client.expect(line, 213)), /^[1-9]\d{6,15}$/);
      }
      await client.expect("AVBL missing", 550);
      await client.expect("AVBL file", 550);
    },
  );

  somewhere(
    "becomes less with what is stored, and more with what is deleted",
    async ({ client }) => {
      const told = async () => Number(textOf(await client.expect("AVBL", 213)));
      assert.equal(await told(), 100_000);
      await client.upload("STOR file", Buffer.alloc(30_000));
      assert.equal(await told(), 70_000);
      await client.expect("DELE file", 250);
      assert.equal(await told(), 100_000);
    },
    ofCapacity(100_000),
  );

  somewhere(
    "tells of the allowance where that is less",
    async ({ client }) => {
      assert.equal(textOf(await client.expect("AVBL", 213)), "5000");
      await client.upload("STOR file", Buffer.alloc(3000));
      assert.equal(textOf(await client.expect("AVBL", 213)), "2000");
    },
    {
      decorate: (() => {
        const allowed = allowance({ bytes: 5000 });
        return (storage) => quota(storage, allowed);
      })(),
    },
  );
});

describe("ALLO", () => {
  somewhere(
    "says whether there is room",
    async ({ client }) => {
      await client.expect("ALLO 0", 200);
      await client.expect("ALLO 100000", 200);
      assert.match(textOf(await client.expect("ALLO 100001", 552)), /100000 bytes/);
      await client.expect("ALLO 9007199254740993", 552);
      await client.expect("ALLO 10 R 80", 504);
      for (const wrong of ["", "-1", "ten", "1.5", "10 80", "10 R", "99999999999999999"]) {
        await client.expect(`ALLO ${wrong}`, 501);
      }
    },
    ofCapacity(100_000),
  );

  somewhere(
    "names what is not there by a code of section 5.4 where that is wanted",
    async ({ client }) => {
      await client.expect("ALLO 100001", 504);
    },
    { ...ofCapacity(100_000), server: { strictRfc959: true } },
  );

  const cannotTell: readonly (readonly [string, ServingOptions])[] = [
    ["cannot tell", { decorate: (storage) => forward(storage, { availableSpace: undefined }) }],
    [
      "cannot tell now",
      {
        decorate: (storage) =>
          forward(storage, { availableSpace: () => Promise.reject(new StorageError("unavailable")) }),
      },
    ],
  ];
  for (const [what, o] of cannotTell) {
    somewhere(
      `is not needed where the storage ${what}`,
      async ({ client }) => void (await client.expect("ALLO 1", 202)),
      o,
    );
  }
});

describe("STOR without room", () => {
  const uploads = ["STOR file", "APPE file", "STOU"];

  for (const line of uploads) {
    somewhere(
      `is 452 on a full device, and leaves nothing (${line})`,
      async ({ client }) => {
        const replies = await client.upload(line, Buffer.alloc(200_000));
        assert.equal(replies.at(-1)?.code, 452);
        assert.equal((await client.download("NLST")).bytes.toString(), "");
        // A smaller one still fits.
        assert.equal((await client.upload(line, Buffer.alloc(10_000))).at(-1)?.code, 226);
      },
      ofCapacity(100_000),
    );

    somewhere(
      `is 552 beyond the allowance (${line})`,
      async ({ client }) => {
        const replies = await client.upload(line, Buffer.alloc(200_000));
        assert.equal(replies.at(-1)?.code, 552);
        await client.expect("NOOP", 200);
      },
      { decorate: (storage) => quota(storage, allowance({ bytes: 100_000 })) },
    );
  }

  somewhere(
    "keeps the file that was there before",
    async ({ client }) => {
      await client.upload("STOR file", "before");
      assert.equal((await client.upload("STOR file", Buffer.alloc(200_000))).at(-1)?.code, 452);
      assert.equal((await client.download("RETR file")).bytes.toString(), "before");
    },
    ofCapacity(100_000),
  );
});
