/** The example of an account store of one's own, against the conformance tests that are published for such. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { MemoryTree } from "ferry/storage/memory";
import { type AccountSpecification, accountConformance } from "ferry/testing";
import { HttpAccounts } from "../examples/accounts-over-http.js";

/** Stands for the company's web service. */
async function service(accounts: readonly AccountSpecification[]) {
  const known = new Map(accounts.map((account) => [account.name, account]));
  const server = createServer(async (request, response) => {
    const { name, password } = JSON.parse(await text(request));
    const account = known.get(name);
    if (account === undefined || account.password !== password) response.statusCode = 401;
    else if (account.disabled === true) response.statusCode = 403;
    else {
      const { permissions = "all", sessions } = account;
      response.write(JSON.stringify({ permissions, limits: sessions === undefined ? {} : { sessions } }));
    }
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

accountConformance({
  name: "the example of accounts over HTTP",
  async make(accounts) {
    const running = await service(accounts);
    const tree = new MemoryTree();
    const openStorage = async (account: string) => tree.storageFor(account);
    return { store: new HttpAccounts({ url: running.url, openStorage }), dispose: () => running.close() };
  },
});

test("a service that is away or broken makes logins unavailable, in a bounded time", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const store = new HttpAccounts({
    url,
    openStorage: () => Promise.reject(new Error("unused")),
    timeout: 50,
  });
  const attempt = {
    name: "anna",
    password: "x",
    peer: { address: "192.0.2.7", port: 1 },
    local: { address: "192.0.2.1", port: 21 },
    signal: new AbortController().signal,
  };
  await assert.rejects(store.authenticate(attempt), { name: "TimeoutError" });
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
  await assert.rejects(store.authenticate(attempt), TypeError);
});
