/** Serves a folder to one user: `node build/examples/serve-folder.js ./files 2121` */
import { MemoryAccounts } from "ferry/accounts";
import { FtpServer } from "ferry/server";
import { openLocalStorage } from "ferry/storage/local";

const [root = "./files", port = "2121"] = process.argv.slice(2);

const accounts = new MemoryAccounts([
  { name: "anna", password: "secret", storage: ({ name }) => openLocalStorage({ root, account: name }) },
]);
const server = new FtpServer({ accounts });
const [where] = await server.listen({ hosts: ["127.0.0.1"], port: Number(port) });

console.log(`listening on ftp://anna:secret@127.0.0.1:${where?.port}`);
process.once("SIGTERM", () => server.close());
