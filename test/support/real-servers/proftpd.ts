/** ProFTPD, with accounts of its own file. Its TLS demands that data connections resume the session, by default. */
import { Daemon, HOST } from "./daemon.js";
import { packaged, packagedLibraries } from "./packages.js";
import {
  certificateIn,
  lines,
  OWNER,
  PASSWORD_HASH,
  RealFiles,
  RealServer,
  type RealServerKind,
  USER,
} from "./real-server.js";

export function proftpdCommand(settings: string) {
  return {
    program: packaged("usr", "sbin", "proftpd"),
    arguments: ["--nodaemon", "--quiet", "--config", settings],
    env: { LD_LIBRARY_PATH: packagedLibraries() },
  };
}

/** `own` is a folder for its notes. */
export function proftpdSettings(o: {
  readonly port: number;
  readonly own: string;
}): Readonly<Record<string, string | number>> {
  return {
    ServerType: "standalone",
    DefaultAddress: HOST,
    Port: o.port,
    SocketBindTight: "on",
    UseIPv6: "off",
    UseReverseDNS: "off",
    TimeoutIdle: 3600,
    PidFile: `${o.own}/pid`,
    ScoreboardFile: `${o.own}/scoreboard`,
    DelayEngine: "off",
    TransferLog: "none",
    WtmpLog: "off",
    ModulePath: packaged("usr", "lib", "proftpd"),
  };
}

export function proftpdTls(certificate: string): string {
  return `LoadModule mod_tls.c\n${lines({
    TLSEngine: "on",
    TLSRequired: "off",
    TLSProtocol: "TLSv1.2 TLSv1.3",
    TLSECCertificateFile: certificate,
    TLSECCertificateKeyFile: certificate,
    TLSVerifyClient: "off",
    TLSLog: "none",
  })}`;
}

export const proftpd: RealServerKind = {
  name: "ProFTPD",
  abilities: {
    tls: ["off", "explicit", "implicit"],
    facts: true,
    setTimes: true,
    setMode: true,
    digests: ["sha512", "sha256", "sha1", "md5", "crc32"],
    backslashes: true,
  },
  async start({ tls = "explicit", maxSessions, passiveAddress } = {}) {
    const files = new RealFiles();
    const certificate = await certificateIn(files);
    const { uid, gid } = OWNER;
    const accounts = files.setting(
      "accounts",
      `${USER}:${PASSWORD_HASH}:${uid}:${gid}:${USER}:${files.root}:/bin/sh\n`,
    );
    const groups = files.setting("groups", `${USER}:x:${gid}:\n`);
    const daemon = await Daemon.start(files.settings, (port) => {
      const settings = {
        ...proftpdSettings({ port, own: files.settings }),
        User: "nobody",
        Group: "nogroup",
        SystemLog: `${files.settings}/system.log`,
        AuthOrder: "mod_auth_file.c",
        AuthUserFile: accounts,
        AuthGroupFile: groups,
        RequireValidShell: "off",
        DefaultRoot: "~",
        AllowOverwrite: "on",
        AllowRetrieveRestart: "on",
        AllowStoreRestart: "on",
        Umask: "022",
        TimesGMT: "off",
        MaxInstances: "none",
        ...(maxSessions === undefined ? {} : { MaxClients: maxSessions }),
        ...(passiveAddress === undefined ? {} : { MasqueradeAddress: passiveAddress }),
      };
      const digest = "LoadModule mod_digest.c\nDigestEngine on\nDigestMaxSize 1 gb\n";
      const implicit = tls === "implicit" ? "TLSOptions UseImplicitSSL\n" : "";
      const secured = tls === "off" ? "" : proftpdTls(certificate) + implicit;
      return proftpdCommand(files.setting("proftpd.conf", lines(settings) + digest + secured));
    });
    return new RealServer({ name: this.name, daemon, files });
  },
};
