/** Pure-FTPd, with accounts in a PureDB of its own. */
import { execFileSync } from "node:child_process";
import { Daemon, HOST } from "./daemon.js";
import { packaged, packagedLibraries } from "./packages.js";
import {
  certificateIn,
  OWNER,
  PASSWORD_HASH,
  RealFiles,
  RealServer,
  type RealServerKind,
  USER,
} from "./real-server.js";

export const pureFtpd: RealServerKind = {
  name: "Pure-FTPd",
  abilities: {
    tls: ["off", "explicit"],
    facts: true,
    setTimes: true,
    setMode: true,
    digests: [],
    backslashes: false,
  },
  async start({ tls = "explicit", maxSessions = 50, passiveAddress } = {}) {
    const files = new RealFiles();
    const certificate = await certificateIn(files);
    const { uid, gid } = OWNER;
    const env = { LD_LIBRARY_PATH: packagedLibraries() };
    const limits = ":".repeat(12);
    const accounts = files.setting(
      "accounts",
      `${USER}:${PASSWORD_HASH}:${uid}:${gid}::${files.root}/./${limits}\n`,
    );
    const database = `${files.settings}/accounts.pdb`;
    execFileSync(packaged("usr", "bin", "pure-pw"), ["mkdb", database, "-f", accounts], { env });
    const flags = {
      "--login": `puredb:${database}`,
      "--maxclientsnumber": maxSessions,
      "--maxclientsperip": maxSessions,
      "--minuid": 100,
      "--umask": "133:022",
      "--tls": tls === "off" ? 0 : 1,
      "--certfile": certificate,
      "--pidfile": `${files.settings}/pid`,
      "--altlog": `clf:${files.settings}/transfers.log`,
      "--syslogfacility": "none",
      "--limitrecursion": "20000:16",
      ...(passiveAddress === undefined ? {} : { "--forcepassiveip": passiveAddress }),
    };
    const given = Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]);
    const daemon = await Daemon.start(files.settings, (port) => ({
      program: packaged("usr", "sbin", "pure-ftpd"),
      arguments: [
        "--bind",
        `${HOST},${port}`,
        "--noanonymous",
        "--chrooteveryone",
        "--dontresolve",
        "--ipv4only",
        ...given,
      ],
      env,
    }));
    return new RealServer({ name: this.name, daemon, files });
  },
};
