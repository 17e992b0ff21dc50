/** One task done by basic-ftp in a process of its own; prints the seconds from connecting to closing. */
import { createRequire } from "node:module";
import type { LibraryTask } from "./client-contestants.js";

/** As much of its interface as is used: it is installed in .cache, where the compiler does not look. */
interface BasicFtp {
  readonly Client: new () => {
    access(o: {
      host: string;
      port: number;
      user: string;
      password: string;
      secure: boolean;
      secureOptions: { rejectUnauthorized: boolean };
    }): Promise<unknown>;
    downloadTo(local: string, remote: string): Promise<unknown>;
    uploadFrom(local: string, remote: string): Promise<unknown>;
    close(): void;
  };
}

const { kind, secure, target, remote, local, library }: LibraryTask = JSON.parse(process.argv[2] ?? "");
if (library === undefined) throw new Error("basic-ftp is not named");
const { Client }: BasicFtp = createRequire(import.meta.url)(library);

const start = performance.now();
const client = new Client();
try {
  await client.access({ ...target, secure, secureOptions: { rejectUnauthorized: false } });
  if (kind === "get") await client.downloadTo(local, remote);
  else await client.uploadFrom(local, remote);
} finally {
  client.close();
}
console.log((performance.now() - start) / 1000);
