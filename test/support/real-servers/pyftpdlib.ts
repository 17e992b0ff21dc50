/** pyftpdlib: a small program around the library, test/services/pyftpdlib-server.py. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../project.js";
import { Daemon, HOST } from "./daemon.js";
import { packaged, packagedLibraries } from "./packages.js";
import { certificateIn, PASSWORD, RealFiles, RealServer, type RealServerKind, USER } from "./real-server.js";

const PROGRAM = join(projectFolder, "test", "services", "pyftpdlib-server.py");

/** It answers 421 to one connection more than this, the listener among them. */
const MANY = 512;

export const pyftpdlib: RealServerKind = {
  name: "pyftpdlib",
  abilities: {
    tls: ["off", "explicit"],
    facts: true,
    setTimes: true,
    setMode: true,
    digests: [],
    resumes: ["TLSv1.2", "TLSv1.3"],
    backslashes: true,
    // With more of them PORT is not answered now and then, also when Python's own ftplib asks.
    activeSessions: 1,
  },
  async start({ tls = "explicit", maxSessions = MANY } = {}) {
    // It serves as whoever started it.
    const files = new RealFiles({ uid: 0, gid: 0 });
    const certificate = await certificateIn(files);
    const daemon = await Daemon.start(files.settings, (port) => {
      const settings = {
        host: HOST,
        port,
        root: files.root,
        user: USER,
        password: PASSWORD,
        maxSessions,
        gmt: true,
        ...(tls === "off" ? {} : { certificate }),
      };
      return {
        program: python(),
        // Debian's modules, and nobody's own.
        arguments: ["-s", "-W", "ignore", PROGRAM, JSON.stringify(settings)],
        env: {
          PYTHONPATH: packaged("usr", "lib", "python3", "dist-packages"),
          LD_LIBRARY_PATH: packagedLibraries(),
          PYTHONDONTWRITEBYTECODE: "1",
        },
      };
    });
    const asked = {
      get port() {
        return daemon.port;
      },
      get log() {
        return daemon.log;
      },
      stop: () => daemon.stop(),
      killSessions: () => daemon.signal("SIGUSR1"),
    };
    return new RealServer({ name: this.name, daemon: asked, files });
  },
};

/** Debian's: the modules are built for it. Unpacked with the servers where it is not installed. */
function python(): string {
  const installed = "/usr/bin/python3";
  if (existsSync(installed)) return installed;
  const found = readdirSync(packaged("usr", "bin")).find((name) => /^python3\.\d+$/.test(name));
  return packaged("usr", "bin", found ?? "python3");
}
