/** What 227 tells of a server behind NAT: the address that was configured, for each client its own. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PassiveAddress } from "ferry/server";
import { leakCheck, type RawClient } from "ferry/testing";
import { passivePort } from "./support/data.js";
import { codesOf, Serving, type ServingOptions, somewhere } from "./support/session.js";

leakCheck();

const withAddress = (address: PassiveAddress): ServingOptions => ({ server: { passive: { address } } });

async function told(client: RawClient): Promise<string | undefined> {
  return (await passivePort(client, "PASV")).address;
}

describe("the passive address", () => {
  somewhere("is the one that the client reached when nothing is configured", async ({ client }) => {
    assert.equal(await told(client), "127.0.0.1");
  });

  somewhere(
    "is the configured one for everybody",
    async ({ client, files }) => {
      await files.put("/file", "text");
      assert.equal(await told(client), "192.0.2.7");
      // What EPSV and LPSV say is not changed by it: clients take the address that they reached.
      assert.equal((await passivePort(client, "LPSV")).address, "127.0.0.1");
      const data = await client.passive({ host: "127.0.0.1" });
      await client.expect("RETR file", 125, 150);
      assert.equal((await data.receiveAll()).bytes.toString(), "text");
      assert.equal((await client.reply()).code, 226);
      const { replies } = await client.download("RETR file", { mode: "EPSV" });
      assert.equal(codesOf(replies).at(-1), 226);
    },
    withAddress("192.0.2.7"),
  );

  somewhere(
    "can be a DNS name",
    async ({ client }) => {
      assert.equal(await told(client), "127.0.0.1");
    },
    withAddress("localhost"),
  );

  test("of a name that cannot be resolved is the one that was reached, and the operator is told", async () => {
    await using served = await Serving.start(withAddress("no-such-name.invalid"));
    const warnings: string[] = [];
    served.server.on("warning", ({ message }) => warnings.push(message));
    const client = await served.login();
    assert.equal(await told(client), "127.0.0.1");
    assert.match(warnings.join(), /no-such-name\.invalid/);
  });

  const networks = [
    { network: "10.0.0.0/8", address: "10.0.0.1" },
    { network: "127.0.0.1", address: "192.0.2.1" },
    { network: "127.0.0.0/8", address: "192.0.2.2" },
    { network: "0.0.0.0/0", address: "192.0.2.3" },
  ];

  somewhere(
    "is that of the first network that holds the client",
    async ({ client }) => {
      assert.equal(await told(client), "192.0.2.1");
    },
    withAddress(networks),
  );

  somewhere(
    "is the one that was reached where the network's rule names none, or there is no rule",
    async ({ client, served }) => {
      assert.equal(await told(client), "127.0.0.1");
      served.server.reconfigure({ passive: { address: [{ network: "10.0.0.0/8", address: "10.0.0.1" }] } });
      assert.equal(await told(client), "127.0.0.1");
      served.server.reconfigure({
        passive: { address: [{ network: "2001:db8::/32", address: "192.0.2.6" }] },
      });
      assert.equal(await told(client), "127.0.0.1");
    },
    withAddress([{ network: "127.0.0.0/8" }, { network: "0.0.0.0/0", address: "192.0.2.3" }]),
  );

  test("can be asked of a function for each client, each time", async () => {
    const asked: unknown[] = [];
    const answers = ["192.0.2.8", undefined, Promise.resolve("192.0.2.9"), Promise.resolve(undefined)];
    const address: PassiveAddress = (peer) => {
      asked.push(peer);
      return answers[asked.length - 1];
    };
    await using served = await Serving.start(withAddress(address));
    const client = await served.login();
    for (const expected of ["192.0.2.8", "127.0.0.1", "192.0.2.9", "127.0.0.1"]) {
      assert.equal(await told(client), expected);
    }
    assert.deepEqual(asked, new Array(4).fill({ address: "127.0.0.1", local: "127.0.0.1" }));
  });

  const broken: readonly (readonly [string, PassiveAddress])[] = [
    ["function", () => Promise.reject(new Error("the cloud is away"))],
    ["network", [{ network: "not a network", address: "192.0.2.3" }]],
  ];
  for (const [what, address] of broken) {
    test(`whose ${what} fails is the one that was reached, and the operator is told`, async () => {
      await using served = await Serving.start(withAddress(address));
      const warnings: unknown[] = [];
      served.server.on("warning", (warning) => warnings.push(warning));
      const client = await served.login();
      assert.equal(await told(client), "127.0.0.1");
      assert.equal(warnings.length, 1);
    });
  }

  somewhere(
    "of IPv4 is not told to a client that came by IPv6, where nobody listens on it",
    async ({ client }) => {
      await client.expect("PASV", 500);
      await client.expect("EPSV", 229);
    },
    { ...withAddress("192.0.2.7"), family: "IPv6" },
  );
});
