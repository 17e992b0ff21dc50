/**
 * A storage of one's own: a flat folder of notes, kept in a Map. Whatever can list, read and write can be served.
 * `node build/examples/own-storage.js 2121`
 */
import { MemoryAccounts } from "ferry/accounts";
import { nameOf, type Pathname, ROOT } from "ferry/protocol";
import { FtpServer } from "ferry/server";
import { type Entry, type Storage, StorageError } from "ferry/storage";

const [port = "2121"] = process.argv.slice(2);

interface Note {
  readonly bytes: Buffer;
  readonly modified: number;
}

const notes = new Map<string, Note>([
  ["hello.txt", { bytes: Buffer.from("Hello!\n"), modified: Date.now() }],
]);

const storage: Storage = {
  async stat(path) {
    return path === ROOT ? { name: "", type: "directory", size: 0, modified: 0 } : entryOf(path);
  },
  async *list(path) {
    if (path !== ROOT) throw new StorageError("not-directory");
    yield [...notes].map(([name, note]) => fileEntry(name, note));
  },
  async openRead(path, { start }) {
    const { bytes } = find(path);
    if (start > bytes.length) throw new StorageError("bad-offset");
    let at = start;
    return {
      size: bytes.length - start,
      read(into) {
        const count = bytes.copy(into, 0, at);
        at += count;
        return count;
      },
      close() {},
    };
  },
  async openWrite(path, o) {
    const name = nameOf(path);
    const before = notes.get(name)?.bytes ?? Buffer.alloc(0);
    if (o.intent === "create" && notes.has(name)) throw new StorageError("exists");
    const start = o.intent === "append" ? before.length : o.intent === "resume" ? o.start : 0;
    if (start > before.length) throw new StorageError("bad-offset");
    const chunks = [before.subarray(0, start)];
    return {
      start,
      write(chunk) {
        chunks.push(Buffer.from(chunk)); // A copy: the chunk is lent for this call only.
      },
      async commit({ modified = Date.now() } = {}) {
        const note = { bytes: Buffer.concat(chunks), modified };
        notes.set(name, note);
        return fileEntry(name, note);
      },
      async abandon() {
        return { kept: 0 };
      },
    };
  },
  async remove(path) {
    find(path);
    notes.delete(nameOf(path));
  },
  async rename(from, to, { replace }) {
    const note = find(from);
    if (!replace && notes.has(nameOf(to))) throw new StorageError("exists");
    notes.delete(nameOf(from));
    notes.set(nameOf(to), note);
  },
  async makeDirectory() {
    throw new StorageError("denied", "notes lie in one folder");
  },
  async removeDirectory() {
    throw new StorageError("denied", "notes lie in one folder");
  },
};

function find(path: Pathname): Note {
  const note = notes.get(path.slice(1));
  if (note === undefined) throw new StorageError("not-found");
  return note;
}

function entryOf(path: Pathname): Entry {
  return fileEntry(nameOf(path), find(path));
}

function fileEntry(name: string, { bytes, modified }: Note): Entry {
  return { name, type: "file", size: bytes.length, modified };
}

const accounts = new MemoryAccounts([{ name: "anna", password: "secret", storage }]);
const server = new FtpServer({ accounts });
const [where] = await server.listen({ hosts: ["127.0.0.1"], port: Number(port) });
console.log(`listening on ftp://anna:secret@127.0.0.1:${where?.port}`);
process.once("SIGTERM", () => server.close());
