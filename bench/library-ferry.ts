/** One task done by ferry/client in a process of its own; prints the seconds from connecting to closing. */
import { FtpClient, type FtpClientOptions, FtpPool, mirror } from "ferry/client";
import type { LibraryTask } from "./client-contestants.js";

const task: LibraryTask = JSON.parse(process.argv[2] ?? "");
const { kind, secure, target, remote, local, sessions } = task;
const options: FtpClientOptions = {
  ...target,
  tls: secure ? "explicit" : "off",
  tlsOptions: { insecure: true },
};

const start = performance.now();
if (kind === "get" || kind === "put") {
  await using client = await FtpClient.connect(options);
  await (kind === "get" ? client.download(remote, local) : client.upload(local, remote));
} else {
  await using pool = new FtpPool({ ...options, connections: sessions });
  const direction = kind === "mirror-down" ? "download" : "upload";
  const { failed } = await mirror(pool, { direction, remote, local });
  if (failed > 0) throw new Error(`${failed} files failed`);
}
console.log((performance.now() - start) / 1000);
