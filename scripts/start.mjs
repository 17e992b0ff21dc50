/**
 * `npm start`: a folder served over FTP, on a clone where nothing was installed yet. Further arguments go to
 * `ferry serve`: `npm start -- --port 2122`.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { main, root } from "./project.mjs";
import { ensureDependencies } from "./setup.mjs";

const WELCOME = `Welcome to Ferry.

This folder is served over FTP by "npm start". Put files here and download them with any FTP client, or upload
files and find them here. The address and the account to use were printed when the server started.
`;

await main(async () => {
  ensureDependencies();
  build({ only: "src" });
  process.chdir(root);
  if (!existsSync("files")) {
    mkdirSync("files");
    writeFileSync(join("files", "welcome.txt"), WELCOME);
  }
  if (process.env.npm_lifecycle_event !== undefined) endWithParent();
  // In this process, so that Ctrl-C and SIGTERM reach the server and nothing stands between.
  const program = join(root, "dist", "bin", "ferry.js");
  process.argv = [process.execPath, program, "serve", "./files", "--port", "2121", ...process.argv.slice(2)];
  await import(pathToFileURL(program).href);
});

/** npm runs us in a shell, which dies of the SIGTERM that npm hands on to it, and leaves us behind. */
function endWithParent() {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, "SIGTERM");
  }, 500);
  watch.unref();
}
