/** ProFTPD for comparison, with TLS; unpacked from Debian's packages, as vsftpd is where it is not installed. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answers, freePort, HOST, librariesIn, type Server, serverOf, unpack } from "./servers.js";

const PACKAGES = [
  "proftpd-core",
  "proftpd-mod-crypto",
  "libhiredis0.14",
  "libmemcached11",
  "libmemcachedutil2",
  "libhashkit2",
  "libsodium23",
  "libpcre2-posix3",
];

/** Undefined, with the reason on stderr, where it cannot be had. */
export async function startProftpd(
  cache: string,
  root: string,
  { folder, certificate }: { readonly folder: string; readonly certificate: string },
): Promise<Server | undefined> {
  // It gives up rights that only root has.
  if (process.getuid?.() !== 0) {
    console.error("ProFTPD is measured by root alone");
    return undefined;
  }
  const place = join(cache, "proftpd");
  const program = join(place, "usr", "sbin", "proftpd");
  if (!existsSync(program)) unpack(place, PACKAGES);
  if (!existsSync(program)) {
    console.error("ProFTPD is not to be had by apt-get");
    return undefined;
  }
  const port = await freePort();
  const own = mkdtempSync(join(folder, "proftpd-"));
  const settings = join(own, "proftpd.conf");
  writeFileSync(
    settings,
    settingsFor({ port, root, own, certificate, modules: join(place, "usr/lib/proftpd") }),
  );
  const child = spawn(program, ["--nodaemon", "--quiet", "--config", settings], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, LD_LIBRARY_PATH: librariesIn(place) },
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
  readonly modules: string;
}): string {
  return `
ServerType standalone
DefaultAddress ${HOST}
Port ${o.port}
SocketBindTight on
UseIPv6 off
UseReverseDNS off
User daemon
Group daemon
MaxInstances none
TimeoutIdle 3600
PassivePorts 30000 48000
PidFile ${o.own}/pid
ScoreboardFile ${o.own}/scoreboard
DelayTable none
SystemLog none
TransferLog none
WtmpLog off
AuthOrder mod_auth_unix.c
ModulePath ${o.modules}
LoadModule mod_tls.c
TLSEngine on
TLSRequired off
TLSProtocol TLSv1.2 TLSv1.3
TLSECCertificateFile ${o.certificate}
TLSECCertificateKeyFile ${o.certificate}
TLSVerifyClient off
TLSLog none
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
