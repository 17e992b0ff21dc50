import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ScriptedServer } from "../../testing/scripted-server.js";
import { FtpClient } from "../client.js";
import { sessionsOf } from "../pool.js";
import { remoteTree } from "./remote-tree.js";

describe("a folder of the server", () => {
  for (const [what, line] of [
    ["folders", "drwxr-xr-x 2 a b 0 Jan  1  2020 in"],
    ["names that lead elsewhere", "drwxr-xr-x 2 a b 0 Jan  1  2020 ../in"],
  ] as const) {
    test(`without an end is given up, when it has too many ${what}`, async () => {
      const entries = Array.from({ length: 10 }, (_, n) => `${line}${n}\r\n`).join("");
      await using server = await ScriptedServer.start({
        answers: { LIST: (peer) => peer.sendFile(`drwxr-xr-x 2 a b 0 Jan  1  2020 sub\r\n${entries}`) },
      });
      await using client = await FtpClient.connect({ host: server.host, port: server.port });
      const tree = remoteTree(sessionsOf(client), "", {
        keep: () => true,
        follow: false,
        signal: undefined,
        most: 100,
      });
      await assert.rejects(tree, { code: "ERR_FERRY_FTP_PROTOCOL", message: /more than 100 entries/ });
      assert.ok(server.verbs.filter((verb) => verb === "LIST").length <= 12);
    });
  }
});
