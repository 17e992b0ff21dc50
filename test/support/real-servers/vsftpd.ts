/**
 * vsftpd. Accounts with passwords need PAM and lines in /etc/passwd, and vsftpd drops the environment that would
 * tell libnss-wrapper of others; so its guest may do everything, and gives a password that is on a list.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Daemon, HOST } from "./daemon.js";
import { packaged, packagedLibraries } from "./packages.js";
import { certificateIn, lines, PASSWORD, RealFiles, RealServer, type RealServerKind } from "./real-server.js";

/** On every Debian: `daemon`, whose home /usr/sbin is there. */
const GUEST = { uid: 1, gid: 1 } as const;

export function vsftpdCommand(settings: string) {
  return {
    program: packaged("usr", "sbin", "vsftpd"),
    arguments: [settings],
    env: { LD_LIBRARY_PATH: packagedLibraries() },
  };
}

/** Of a guest who may do everything in `root`; `empty` is a folder that nobody may write. */
export function vsftpdSettings(o: {
  readonly port: number;
  readonly root: string;
  readonly empty: string;
}): Readonly<Record<string, string | number>> {
  return {
    listen: "YES",
    listen_address: HOST,
    listen_port: o.port,
    background: "NO",
    anonymous_enable: "YES",
    local_enable: "NO",
    anon_root: o.root,
    allow_writeable_chroot: "YES",
    write_enable: "YES",
    anon_upload_enable: "YES",
    anon_mkdir_write_enable: "YES",
    anon_other_write_enable: "YES",
    anon_world_readable_only: "NO",
    anon_umask: "022",
    secure_chroot_dir: o.empty,
    max_per_ip: 0,
    idle_session_timeout: 3600,
    xferlog_enable: "NO",
    // Its filter knows the system calls of 2012 and kills the sessions on newer C libraries.
    seccomp_sandbox: "NO",
    ftp_username: "daemon",
    nopriv_user: "nobody",
  };
}

export function vsftpdTls(certificate: string): Readonly<Record<string, string>> {
  return {
    ssl_enable: "YES",
    allow_anon_ssl: "YES",
    force_anon_logins_ssl: "NO",
    force_anon_data_ssl: "NO",
    rsa_cert_file: certificate,
    ssl_ciphers: "HIGH",
    require_ssl_reuse: "YES",
  };
}

export const vsftpd: RealServerKind = {
  name: "vsftpd",
  abilities: {
    tls: ["off", "explicit", "implicit"],
    facts: false,
    setTimes: true,
    setMode: false,
    digests: [],
    backslashes: true,
  },
  /** It serves no root that the guest could write: the folder is below it. */
  async start({ tls = "explicit", maxSessions = 0, passiveAddress } = {}) {
    const files = new RealFiles(GUEST);
    const empty = join(files.settings, "empty");
    mkdirSync(empty);
    const certificate = await certificateIn(files);
    const passwords = files.setting("passwords", `${PASSWORD}\n`);
    const daemon = await Daemon.start(files.settings, (port) => {
      const settings = {
        ...vsftpdSettings({ port, root: files.settings, empty }),
        max_clients: maxSessions,
        ...(passiveAddress === undefined ? {} : { pasv_address: passiveAddress }),
        secure_email_list_enable: "YES",
        email_password_file: passwords,
        delay_failed_login: 0,
        ascii_upload_enable: "YES",
        ascii_download_enable: "YES",
        ...(tls === "off" ? {} : vsftpdTls(certificate)),
        ...(tls === "implicit" ? { implicit_ssl: "YES" } : {}),
      };
      return vsftpdCommand(files.setting("vsftpd.conf", lines(settings, "=")));
    });
    return new RealServer({ name: this.name, daemon, files, user: "anonymous", directory: "root" });
  },
};
