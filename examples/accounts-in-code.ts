/**
 * Accounts from the application's own user table, events for a log, and a quota for each user.
 * `node build/examples/accounts-in-code.js 2121`
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { permissionsOf } from "ferry/accounts";
import { pathname } from "ferry/protocol";
import { type AccountStore, FtpServer } from "ferry/server";
import { allowance, quota } from "ferry/storage";
import { MemoryTree } from "ferry/storage/memory";

const [port = "2121"] = process.argv.slice(2);

/** Stands for the application's own table of users. */
const users = new Map([
  ["editor", { password: "chief", mayWrite: true, allowed: allowance({ bytes: 10 * 1024 * 1024 }) }],
  ["reader", { password: "quiet", mayWrite: false, allowed: allowance({ bytes: 0 }) }],
]);
const tree = new MemoryTree();

const accounts: AccountStore = {
  async authenticate({ name, password = "" }) {
    const user = users.get(name);
    // Unknown names cost the same time as known ones: something is always compared.
    const right = equal(password, user?.password ?? "") && user !== undefined;
    if (!right) return { refused: "credentials" };
    return {
      ok: {
        name,
        storage: quota(tree.storageFor(name), user.allowed),
        home: pathname("/"),
        permissions: permissionsOf(user.mayWrite ? "all" : "read-only"),
        limits: { sessions: 5 },
      },
    };
  },
};

const server = new FtpServer({ accounts, banner: "Example server ready." });
server.on("login", ({ name, ok, session }) =>
  console.log(`login ${name} from ${session.peer.address}: ${ok}`),
);
server.on("transfer", ({ verb, outcome }) =>
  console.log(`${verb} ${outcome.path}: ${outcome.kind}, ${outcome.bytes} bytes`),
);
server.on("disconnect", ({ account, reason }) => console.log(`${account} left: ${reason}`));

const [where] = await server.listen({ hosts: ["127.0.0.1"], port: Number(port) });
console.log(`listening on ftp://editor:chief@127.0.0.1:${where?.port}`);
process.once("SIGTERM", () => server.close());

function equal(given: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(right));
}
