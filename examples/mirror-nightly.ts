/**
 * Brings a server's folder here every night, from cron or a timer: one line of JSON for the log, an exit code for the
 * alarm. A night that breaks off goes on, in the next try or the next night, where it stopped.
 * `FTP_PASSWORD=… node build/examples/mirror-nightly.js ftp://anna@127.0.0.1:2121/data /backup/data`
 */
import { setTimeout as sleep } from "node:timers/promises";
import { FtpError, FtpPool, type MirrorResult, mirror, parseFtpUrl } from "ferry/client";

const [url = "ftp://anna@127.0.0.1:2121/", local = "data"] = process.argv.slice(2);
const { host, port = 21, user = "anonymous", path: remote } = parseFtpUrl(url);
const { FTP_PASSWORD: password = "", ATTEMPTS = "5", PAUSE = "60000" } = process.env;

async function once(): Promise<MirrorResult> {
  await using pool = new FtpPool({ host, port, user, password, tls: "auto" });
  return await mirror(pool, {
    direction: "download",
    remote,
    local,
    // Nothing is removed: what somebody deleted by mistake is still in the backup.
    delete: false,
    verify: true,
    journal: `${local}.journal`,
  });
}

const began = Date.now();
let last: Record<string, unknown> = {};
for (let left = Number(ATTEMPTS); left > 0; left--) {
  try {
    const { actions, failed, bytes, doneBefore } = await once();
    const errors = actions.flatMap(({ path, error }) =>
      error === undefined ? [] : [`${path}: ${error.message}`],
    );
    last = {
      ok: failed === 0,
      files: actions.length - failed,
      bytes,
      doneBefore,
      failed,
      errors: errors.slice(0, 10),
    };
    if (failed === 0) break;
  } catch (error) {
    last = { ok: false, error: String(error), code: error instanceof FtpError ? error.code : undefined };
    // A wrong password does not become right by waiting.
    if (error instanceof FtpError && !error.retryable) break;
  }
  if (left > 1) await sleep(Number(PAUSE));
}

console.log(
  JSON.stringify({ time: new Date().toISOString(), seconds: (Date.now() - began) / 1000, ...last }),
);
process.exitCode = last.ok === true ? 0 : 1;
