/**
 * Publishes a build folder from CI: FTP_HOST, FTP_USER and FTP_PASSWORD come from the environment, where CI keeps
 * its secrets. `node build/examples/upload-build-folder.js dist /www`
 */
import { type FtpError, FtpPool, type MirrorAction, mirror } from "ferry/client";

const {
  FTP_HOST: host,
  FTP_PORT: port = "21",
  FTP_USER: user,
  FTP_PASSWORD: password,
  FTP_TLS,
} = process.env;
const [local = "dist", remote = "/www"] = process.argv.slice(2);

if (host === undefined || user === undefined || password === undefined) {
  console.error("set FTP_HOST, FTP_USER and FTP_PASSWORD");
  process.exit(2);
}

/** A line of CI's log. */
function tell({ kind, path, error }: MirrorAction): void {
  if (error === undefined) console.log(`${kind} ${path}`);
  else console.error(`${kind} ${path} failed: ${error.message}`);
}

try {
  // TLS is demanded, unless somebody says that there is none: a password of CI must not go in clear by accident.
  const tls = FTP_TLS === "off" ? "off" : "explicit";
  await using pool = new FtpPool({ host, port: Number(port), user, password, tls, connections: 4 });
  const { actions, failed, bytes, postponed } = await mirror(pool, {
    direction: "upload",
    local,
    remote,
    delete: true,
    exclude: ["*.map", ".DS_Store"],
    onAction: tell,
  });
  const left = postponed.length > 0 ? `, ${postponed.length} removals left for the next time` : "";
  console.log(`${actions.length - failed} actions, ${bytes} bytes, ${failed} failed${left}`);
  process.exitCode = failed > 0 ? 1 : 0;
} catch (error) {
  const { message, hint } = error as FtpError;
  console.error(hint === undefined ? message : `${message}. ${hint}`);
  process.exitCode = 1;
}
