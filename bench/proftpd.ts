/** ProFTPD for comparison, with TLS. */
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../test/support/real-servers/daemon.js";
import { serverPackages } from "../test/support/real-servers/packages.js";
import { proftpdCommand, proftpdSettings, proftpdTls } from "../test/support/real-servers/proftpd.js";
import { lines } from "../test/support/real-servers/real-server.js";
import { answers, HOST, type Server, serverOf } from "./servers.js";

/** Undefined, with the reason on stderr, where it cannot be had. */
export async function startProftpd(
  root: string,
  { folder, certificate }: { readonly folder: string; readonly certificate: string },
): Promise<Server | undefined> {
  // It gives up rights that only root has.
  if (process.getuid?.() !== 0) {
    console.error("ProFTPD is measured by root alone");
    return undefined;
  }
  if (serverPackages() === undefined) {
    console.error("ProFTPD is not to be had by apt-get");
    return undefined;
  }
  const port = await freePort();
  const own = mkdtempSync(join(folder, "proftpd-"));
  const settings = join(own, "proftpd.conf");
  writeFileSync(settings, settingsFor({ port, root, own, certificate }));
  const { program, arguments: flags, env } = proftpdCommand(settings);
  const child = spawn(program, flags, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  if (!(await answers(port, child))) {
    console.error("ProFTPD did not start");
    child.kill("SIGKILL");
    return undefined;
  }
  return serverOf("proftpd", child, { host: HOST, port, user: "anonymous", password: "bench" });
}

function settingsFor(o: {
  readonly port: number;
  readonly root: string;
  readonly own: string;
  readonly certificate: string;
}): string {
  const settings = {
    ...proftpdSettings(o),
    ServerType: "standalone",
    User: "daemon",
    Group: "daemon",
    MaxInstances: "none",
    PassivePorts: "30000 48000",
    SystemLog: "none",
    AuthOrder: "mod_auth_unix.c",
  };
  return `${lines(settings)}${proftpdTls(o.certificate)}
<Anonymous ${o.root}>
  User daemon
  Group daemon
  UserAlias anonymous daemon
  AnonRequirePassword off
  RequireValidShell off
  UseFtpUsers off
  AllowOverwrite on
</Anonymous>
`;
}
