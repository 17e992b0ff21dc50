import assert from "node:assert/strict";
import { isIPv4 } from "node:net";
import { describe, test } from "node:test";
import { CliError } from "../errors.js";
import { listen } from "./listening.js";
import { accountLines, readyLine } from "./ready-line.js";
import type { Settings } from "./settings.js";

const v4 = { address: "127.0.0.1", port: 2121, family: "IPv4" } as const;
const v6 = { address: "::1", port: 2121, family: "IPv6" } as const;
const ferry = { name: "ferry", password: "Abc234" };

describe("the ready line", () => {
  test("has every URL with its port, and the root as it was said", () => {
    assert.equal(readyLine([v4], "./files"), "ferry: listening on ftp://127.0.0.1:2121 (root ./files)");
    assert.equal(
      readyLine([v4, v6], "."),
      "ferry: listening on ftp://127.0.0.1:2121, ftp://[::1]:2121 (root .)",
    );
    assert.match(readyLine([{ ...v6, address: "fe80::1%eth0" }], "."), /ftp:\/\/\[fe80::1%25eth0\]:2121/);
  });

  test("is followed by the account and a URL to paste", () => {
    assert.deepEqual(accountLines([v4, v6], ferry), [
      "ferry: account ferry, password Abc234",
      "ferry: ftp://ferry:Abc234@127.0.0.1:2121/",
    ]);
    const [, url = ""] = accountLines([{ ...v4, address: "0.0.0.0" }], ferry);
    const { hostname } = new URL(url.replace("ferry: ", ""));
    assert(isIPv4(hostname) && hostname !== "0.0.0.0", hostname);
  });
});

describe("listening", () => {
  const settings: Settings = {
    root: ".",
    rootPath: "/",
    port: 2121,
    users: [],
    log: "silent",
    stateDirectory: "/state",
  };

  /** A server on a machine that has the problems given, by address. */
  function server(problems: Record<string, string>) {
    const asked: (readonly string[])[] = [];
    return {
      asked,
      async listen({ hosts = [] }: { hosts?: readonly string[] }) {
        asked.push(hosts);
        for (const address of hosts) {
          const code = problems[address];
          if (code !== undefined) throw Object.assign(new Error(`listen ${code}`), { code, address });
        }
        return [v4];
      },
    };
  }

  async function messageFor(problems: Record<string, string>, o: Partial<Settings> = {}): Promise<string> {
    try {
      await listen(server(problems), { ...settings, ...o }, assert.fail);
    } catch (error) {
      assert(error instanceof CliError);
      assert.equal(error.exitCode, 1);
      return error.message;
    }
    throw new Error("it listened");
  }

  test("leaves out a ::1 that the machine lacks, and says so", async () => {
    for (const code of ["EADDRNOTAVAIL", "EAFNOSUPPORT"]) {
      const warnings: string[] = [];
      const machine = server({ "::1": code });
      await listen(machine, settings, (message) => warnings.push(message));
      assert.deepEqual(machine.asked, [["127.0.0.1", "::1"], ["127.0.0.1"]]);
      assert.deepEqual(warnings, ["this machine has no ::1; listening on 127.0.0.1 only"]);
    }
  });

  test("does not leave out a ::1 that was asked for, nor one whose port is taken", async () => {
    assert.match(
      await messageFor({ "::1": "EADDRNOTAVAIL" }, { host: ["::1"] }),
      /this machine has no address ::1/,
    );
    assert.match(await messageFor({ "::1": "EADDRINUSE" }), /^port 2121 of ::1 is taken/);
  });

  test("that fails says what to do", async () => {
    assert.equal(
      await messageFor({ "127.0.0.1": "EADDRINUSE" }),
      "port 2121 of 127.0.0.1 is taken: stop what uses it, or choose another with --port",
    );
    const denied = await messageFor({ "127.0.0.1": "EACCES" }, { port: 21 });
    assert.match(denied, /^port 21 is not permitted: use --port 2121, or .*setcap cap_net_bind_service=\+ep/);
    assert.match(await messageFor({ x: "ENOTFOUND" }, { host: ["x"] }), /--host cannot be resolved/);
    assert.match(
      await messageFor({ "127.0.0.1": "EMFILE" }),
      /^cannot listen on port 2121 of 127\.0\.0\.1: listen EMFILE$/,
    );
  });
});
