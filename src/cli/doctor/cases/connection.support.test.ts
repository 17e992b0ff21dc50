import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  closedPort,
  examined,
  examinedAt,
  HangingPort,
  identity,
  portOf,
  SOON,
} from "../scene.support.test.js";
import type { Cases } from "./case.support.test.js";

export const connectionCases: Cases = {
  "name-unknown": () =>
    examined({
      subject: { host: "nowhere.example" },
      world: { lookup: () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" })) },
    }),
  "connection-refused": async () => examinedAt({ port: await closedPort() }),
  "connection-hangs": async () => {
    await using hanging = await HangingPort.open();
    return await examinedAt({ port: hanging.port, timeout: SOON });
  },
  // A multicast address has no connections, and no packet leaves this machine.
  "connection-unreachable": () => examinedAt({ host: "224.0.0.1", port: 21 }),
  "proxy-fails": async () => {
    const proxy = createServer((socket) => socket.resume().end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    const port = await portOf(proxy);
    try {
      return await examined({ subject: { proxy: `http://127.0.0.1:${port}` } });
    } finally {
      proxy.close();
    }
  },
  "address-dead": () =>
    examined({
      subject: { host: "localhost" },
      world: {
        lookup: () =>
          Promise.resolve([
            { address: "127.0.0.2", family: 4 },
            { address: "127.0.0.1", family: 4 },
          ]),
      },
    }),
  "greeting-refused": () => examined({ script: { greeting: "421 Too many connections." } }),
  "greeting-slow": () =>
    examined({
      script: {
        greeting: (peer) =>
          new Promise((resolve) => {
            setTimeout(() => resolve(peer.reply("220 At last.")), 60);
          }),
      },
      world: { slowGreeting: 50 },
    }),
  "greeting-missing": () => examined({ script: { greeting: () => {} }, subject: { timeout: SOON } }),
  "greeting-closed": () => examined({ script: { greeting: (peer) => peer.end() } }),
  "greeting-not-ftp": () => examined({ script: { greeting: "SSH-2.0-OpenSSH_9.2" } }),
  "tls-begins-at-once": async () => {
    const { pem } = await identity();
    const server = createTlsServer({ key: pem, cert: pem }, (socket) =>
      socket.resume().end("220 Ready.\r\n"),
    );
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    const port = await portOf(server);
    try {
      return await examinedAt({ port, timeout: SOON });
    } finally {
      server.close();
    }
  },
  "tls-not-at-once": () => examined({ subject: { tls: "implicit" } }),
};
