import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { LeakCheck } from "./leak-check.js";

const checking = (): LeakCheck => {
  const check = new LeakCheck({ patience: 30 });
  check.begin();
  return check;
};

describe("LeakCheck", () => {
  test("is content when nothing is left", async () => {
    await checking().end();
  });

  test("waits for what is about to go", async () => {
    const check = new LeakCheck({ patience: 5000 });
    check.begin();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
    server.close();
    setTimeout(() => {}, 20);
    await check.end();
  });

  test("names servers and sockets that are left", async () => {
    const check = checking();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [[accepted]] = await Promise.all([once(server, "connection"), once(socket, "connect")]);
    await assert.rejects(check.end(), /TCPServerWrap[\s\S]*TCPSocketWrap|TCPSocketWrap[\s\S]*TCPServerWrap/);
    socket.destroy();
    accepted.destroy();
    server.close();
    await once(server, "close");
    await check.end();
  });

  test("names timers that are left, also beside others", async () => {
    const first = setInterval(() => {}, 1000);
    const check = checking();
    const second = setInterval(() => {}, 1000);
    await assert.rejects(check.end(), /2 × Timeout, 1 before/);
    clearInterval(second);
    await check.end();
    clearInterval(first);
  });

  test("names files that are left open", { skip: process.platform !== "linux" }, async () => {
    const check = checking();
    const descriptor = openSync("/proc/self/stat", "r");
    await assert.rejects(check.end(), /1 × descriptor of \/proc\/.*\/stat/);
    closeSync(descriptor);
    await check.end();
  });

  test("counts what it is told to", async () => {
    let leases = 1;
    const check = new LeakCheck({ patience: 30 });
    check.register("port leases", () => leases);
    check.begin();
    leases = 3;
    await assert.rejects(check.end(), /3 × port leases, 1 before/);
    leases = 1;
    await check.end();
  });
});
