/**
 * The ftpd of GNU inetutils, the oldest of them. It takes connections from inetd: here the test is inetd. Its
 * accounts are those of /etc/passwd and /etc/shadow: libnss-wrapper gives it others.
 */
import { Inetd } from "./inetd.js";
import { packaged, packagedLibraries } from "./packages.js";
import { OWNER, PASSWORD_HASH, RealFiles, RealServer, type RealServerKind, USER } from "./real-server.js";

/** Hours and minutes behind UTC, as POSIX writes zones: its LIST has local times, without saying so. */
const ZONE = "FERRY-5:45";

export const inetutils: RealServerKind = {
  name: "inetutils ftpd",
  abilities: {
    tls: ["off"],
    facts: false,
    setTimes: false,
    setMode: true,
    digests: [],
    resumes: [],
    backslashes: true,
    linksToFolders: "stay",
  },
  async start({ maxSessions = Number.POSITIVE_INFINITY } = {}) {
    const files = new RealFiles();
    const { uid, gid } = OWNER;
    const accounts = `root:x:0:0::/:/bin/sh\n${USER}:x:${uid}:${gid}::${files.root}:/bin/sh\n`;
    const env = {
      LD_PRELOAD: packaged("usr", "lib", libraryFolder(), "libnss_wrapper.so"),
      LD_LIBRARY_PATH: packagedLibraries(),
      NSS_WRAPPER_PASSWD: files.setting("passwd", accounts),
      NSS_WRAPPER_GROUP: files.setting("group", `root:x:0:\n${USER}:x:${gid}:\n`),
      NSS_WRAPPER_SHADOW: files.setting("shadow", `${USER}:${PASSWORD_HASH}:19000:0:99999:7:::\n`),
      PATH: process.env.PATH,
      TZ: ZONE,
    };
    const inetd = await Inetd.start({
      program: packaged("usr", "sbin", "ftpd"),
      arguments: ["--auth=default", "--umask=022"],
      env,
      log: files.setting("log", ""),
      maxSessions,
    });
    return new RealServer({ name: this.name, daemon: inetd, files });
  },
};

/** `x86_64-linux-gnu` and the like. */
function libraryFolder(): string {
  const found = packagedLibraries()
    .split(":")
    .map((path) => /\/usr\/lib\/([^/]+-linux-gnu[^/]*)$/.exec(path)?.[1])
    .find((name) => name !== undefined);
  return found ?? "";
}
