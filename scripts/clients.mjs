/** The FTP clients that the tests run Ferry against; installed where that may be done. */
import { existsSync } from "node:fs";
import { Failure, isOnPath, onCi, run, say } from "./project.mjs";

/** Programs by the Debian package that holds them. */
const PACKAGES = {
  curl: ["curl"],
  lftp: ["lftp"],
  tnftp: ["tnftp"],
  ncftp: ["ncftpget", "ncftpput", "ncftpls"],
  python3: ["python3"],
  tmux: ["tmux"],
};

export function ensureClients() {
  if (missingPackages().length > 0 && mayInstall()) install(missingPackages());
  const missing = missingPackages();
  if (missing.length === 0) return;
  const why = mayInstall() ? "apt-get could not install them" : "not root on Debian, so not installed";
  if (onCi)
    throw new Failure(`these clients are missing (${why}), and CI skips nothing: ${missing.join(" ")}`);
  say(`skipping the tests with ${missing.join(", ")}: missing, and ${why}`);
}

function missingPackages() {
  return Object.keys(PACKAGES).filter((name) => !PACKAGES[name].every(isOnPath));
}

function mayInstall() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && isOnPath("apt-get");
}

function install(packages) {
  say(`installing ${packages.join(", ")} for the tests`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const aptGet = (...aptArguments) =>
    run("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...aptArguments], { quiet: true, env });
  const get = () => aptGet("install", "--yes", "--no-install-recommends", ...packages);
  // Package lists that are missing or out of date make the first one fail.
  if (get() !== 0 && aptGet("update") === 0) get();
}
