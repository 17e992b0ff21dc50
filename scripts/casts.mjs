/**
 * Screens of the real `ferry shell`, drawn by tmux, for docs/shell.md: `node scripts/casts.mjs` writes them anew
 * between `<!-- cast NAME -->` and `<!-- end -->`. Needs tmux, and a build.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Failure, main, root, say } from "./project.mjs";

const ferry = join(root, "dist/bin/ferry.js");
const document = join(root, "docs/shell.md");
/** Milliseconds. */
const PATIENCE = 20_000;
const MIB = 1024 * 1024;
const WHEN = new Date("2026-11-20T09:30:00");

/** What is typed, and what is to be seen before the next thing is. The last screen is the cast. */
const CASTS = {
  completion: [
    [["cls", "Enter"], /photos\/\n.*>$/],
    [["cat docs/re", "Tab"], /cat docs\/report-202$/],
    [["Tab"], /report-2025\.txt.*\n.*cat docs\/report-202$/],
    [["6", "Tab", "Enter"], /profits.*\n.*>$/],
    [["cd ph", "Tab", "Enter"], /:\/photos>$/],
  ],
  progress: [
    [["set limit-rate 5M", "Enter"], /5M\n.*>$/],
    [["get -r photos", "Enter"], /\n0 of 6 files.* 1\d MiB of 48 MiB/],
  ],
  jobs: [
    [["set limit-rate 3M", "Enter"], /3M\n.*>$/],
    [["get debian.iso &", "Enter"], /\[1\]>$/],
    [["queue get -c old.iso", "Enter"], /\[2\]>$/],
    [["get docs/report-2026.txt && ls -h *.iso", "Enter"], /old\.iso\n.*>$/],
    [["jobs", "Enter"], /\[1\] get debian\.iso {2}\S+ [KM]iB of.*\n\[2\].*\n.*>$/],
    [["kill 2", "Enter"], /stopped.*\n.*>$/],
    [["wait", "Enter"], /done: get debian\.iso.*\n.*>$/],
  ],
  help: [[["help get", "Enter"], /--segments 4.*\n.*>$/]],
};

function serve(files) {
  const server = spawn(process.execPath, [
    ...[
      ferry,
      "serve",
      files,
      "--host",
      "127.0.0.1",
      "--port",
      "0",
      "--user",
      "anna:secret",
      "--log",
      "silent",
    ],
  ]);
  return new Promise((resolve, reject) => {
    server.on("exit", () => reject(new Failure("the server did not start")));
    server.stdout.on("data", (text) => {
      const port = /ftp:\/\/127\.0\.0\.1:(\d+)/.exec(String(text))?.[1];
      if (port !== undefined) resolve({ port, stop: () => server.kill() });
    });
  });
}

function makeFiles(folder) {
  const make = (path, content) => {
    writeFileSync(join(folder, path), content);
    utimesSync(join(folder, path), WHEN, WHEN);
  };
  for (const name of ["docs", "photos"]) mkdirSync(join(folder, name));
  make("README", "Welcome.\n");
  make("debian.iso", Buffer.alloc(12 * MIB));
  make("old.iso", Buffer.alloc(9 * MIB));
  for (const year of [2024, 2025, 2026]) make(`docs/report-${year}.txt`, `The profits of ${year}: none.\n`);
  for (let n = 1; n <= 6; n++) make(`photos/summer 0${n}.raw`, Buffer.alloc(8 * MIB));
}

async function cast(steps, { port, here }) {
  const tmux = (...words) =>
    execFileSync("tmux", ["-S", join(here, "s"), "-f", "/dev/null", "-u", ...words], { encoding: "utf8" });
  const env = [`HOME=${here}`, `XDG_STATE_HOME=${here}`, "SHELL=/bin/sh", "FERRY_PASSWORD=secret"];
  const command = `${process.execPath} ${ferry} shell --tls off ftp://anna@127.0.0.1:${port}; sleep 100`;
  const options = env.flatMap((each) => ["-e", each]);
  tmux("new-session", "-d", "-x", "96", "-y", "30", "-c", here, ...options, command);
  const screen = () =>
    tmux("capture-pane", "-p")
      .replaceAll(/[ \t]+$/gm, "")
      .trimEnd()
      .replaceAll(`127.0.0.1:${port}`, "ftp.example.org");
  const sees = async (expected) => {
    const deadline = performance.now() + PATIENCE;
    while (!expected.test(screen())) {
      if (performance.now() > deadline) throw new Failure(`${expected} is not on the screen:\n${screen()}`);
      await pause(30);
    }
  };
  try {
    await sees(/:\/>$/);
    tmux("send-keys", "C-l");
    for (const [keys, expected] of steps) {
      tmux("send-keys", ...keys);
      await sees(expected);
    }
    return screen();
  } finally {
    tmux("kill-server");
  }
}

await main(async () => {
  const files = mkdtempSync(join(tmpdir(), "ferry-casts-"));
  makeFiles(files);
  const { port, stop } = await serve(files);
  try {
    for (const [name, steps] of Object.entries(CASTS)) {
      say(`cast ${name}`);
      const here = mkdtempSync(join(tmpdir(), "ferry-here-"));
      const shown = await cast(steps, { port, here });
      rmSync(here, { recursive: true });
      const place = new RegExp(`(<!-- cast ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`);
      const text = readFileSync(document, "utf8");
      if (!place.test(text)) throw new Failure(`docs/shell.md has no place for the cast ${name}`);
      writeFileSync(
        document,
        text.replace(place, (_, begin, end) => `${begin}\`\`\`text\n${shown}\n\`\`\`\n${end}`),
      );
    }
  } finally {
    stop();
    rmSync(files, { recursive: true });
  }
});
