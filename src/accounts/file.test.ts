import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { hash as bcryptHash } from "@node-rs/bcrypt";
import { pathname } from "../protocol/pathname.js";
import { forward } from "../storage/forward.js";
import { MemoryTree } from "../storage/memory.js";
import type { Storage } from "../storage/storage.js";
import type { Account, AccountLease, LoginAnswer, LoginAttempt } from "./accounts.js";
import { FileAccounts, type FileAccountsOptions } from "./file.js";
import { editAccountsFile, readAccountsFile } from "./file-edit.js";
import { type AccountRecord, AccountsFileError } from "./file-format.js";
import { Passwords } from "./password.js";

const passwords = new Passwords({ cost: { memory: 64, passes: 1 } });
const HASH = await passwords.hash("sesame");
const STORAGE = {} as Storage;

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ferry-accounts-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function record(name: string, rest: Partial<AccountRecord> = {}): AccountRecord {
  const now = new Date().toISOString();
  return {
    name,
    password: HASH,
    home: `/srv/${name}`,
    permissions: "all",
    limits: {},
    disabled: false,
    created: now,
    changed: now,
    ...rest,
  };
}

function put(file: string, ...records: AccountRecord[]): Promise<void> {
  const change = (accounts: Map<string, AccountRecord>): "changed" => {
    accounts.clear();
    for (const each of records) accounts.set(each.name, each);
    return "changed";
  };
  return editAccountsFile(file, change, { create: true });
}

function login(name: string, password: string): LoginAttempt {
  const peer = { address: "127.0.0.1", port: 5000 };
  return { name, password, peer, local: peer, signal: new AbortController().signal };
}

interface Opened {
  readonly store: FileAccounts;
  readonly warnings: string[];
  /** Resolves when the store next read the file again, or warned. */
  next(): Promise<void>;
}

async function openStore(
  t: TestContext,
  file: string,
  o: Partial<FileAccountsOptions> = {},
): Promise<Opened> {
  const warnings: string[] = [];
  let told: () => void = () => {};
  const store = await FileAccounts.open({
    file,
    passwords,
    openStorage: async () => STORAGE,
    warn(message) {
      warnings.push(message);
      told();
    },
    onRead: () => told(),
    ...o,
  });
  t.after(() => store.close());
  // The store keeps no process alive; the deadline keeps this one, and fails the test when nothing comes.
  const next = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error("the change was not seen")), 10_000);
      told = () => {
        clearTimeout(deadline);
        resolve();
      };
    });
  return { store, warnings, next };
}

function accepted(answer: LoginAnswer): Account {
  assert("ok" in answer, JSON.stringify(answer));
  return answer.ok;
}

function leased(answer: AccountLease | { readonly refused: string }): AccountLease {
  assert(!("refused" in answer), JSON.stringify(answer));
  return answer;
}

test("an edit that makes an account which could not be read again writes nothing", async (t) => {
  const file = join(await folder(t), "accounts.json");
  await put(file, record("ann"));
  const before = await readFile(file, "utf8");
  const wrong: Partial<AccountRecord>[] = [
    { home: "relative" },
    { limits: { sessions: 0 } },
    { permissions: Array.from({ length: 20 }, () => "list" as const) },
    { name: "a/b" },
  ];
  for (const rest of wrong) {
    await assert.rejects(put(file, record("ann"), record("bob", rest)), AccountsFileError);
    assert.equal(await readFile(file, "utf8"), before);
  }
});

test("a byte order mark before the file, as editors on Windows write it, is no part of it", async (t) => {
  const file = join(await folder(t), "accounts.json");
  await put(file, record("ann"));
  await writeFile(file, `\ufeff${await readFile(file, "utf8")}`);
  assert.deepEqual([...(await readAccountsFile(file)).keys()], ["ann"]);
});

describe("accounts in a file", () => {
  test("let in with the right password, into the home that the file says", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(
      file,
      record("ann", { permissions: { "/": "read-only" }, limits: { sessions: 3 } }),
      record("bob"),
    );
    const opened: string[][] = [];
    const { store } = await openStore(t, file, {
      async openStorage(home, account) {
        opened.push([home, account]);
        return STORAGE;
      },
    });
    const ann = accepted(await store.authenticate(login("ann", "sesame")));
    assert.equal(ann.name, "ann");
    assert.equal(ann.home, "/");
    assert.deepEqual(ann.limits, { sessions: 3 });
    assert.equal(ann.permissions.allows("delete", ann.home), false);
    for (const [name, password] of [
      ["ann", "wrong"],
      ["ann", ""],
      ["Ann", "sesame"],
      ["nobody", "sesame"],
      ["__proto__", "sesame"],
      ["a/b", "sesame"],
    ] as const) {
      assert.deepEqual(await store.authenticate(login(name, password)), { refused: "credentials" }, name);
    }
    assert.deepEqual(opened, [["/srv/ann", "ann"]], "nothing is opened for who is not let in");
  });

  test("that are disabled say so to who knows the password, and to nobody else", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann", { disabled: true }));
    const { store } = await openStore(t, file);
    assert.deepEqual(await store.authenticate(login("ann", "sesame")), { refused: "disabled" });
    assert.deepEqual(await store.authenticate(login("ann", "wrong")), { refused: "credentials" });
  });

  test("whose home cannot be opened are unavailable, and the operator is told why", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann"));
    const { store, warnings } = await openStore(t, file, {
      openStorage: () => Promise.reject(new Error("gone")),
    });
    assert.deepEqual(await store.authenticate(login("ann", "sesame")), { refused: "unavailable" });
    assert.deepEqual(warnings, ["cannot open /srv/ann, the home of account ann"]);
  });

  test("are unavailable when too many logins wait, whether the name exists or not", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann"));
    const none = new Passwords({ cost: { memory: 64, passes: 1 }, atOnce: 1, mostWaiting: 0 });
    const { store } = await openStore(t, file, { passwords: none });
    for (const name of ["ann", "nobody"]) {
      const busy = none.verify(HASH.replace("m=64,t=1", "m=8192,t=64"), "x");
      assert.deepEqual(await store.authenticate(login(name, "sesame")), { refused: "unavailable" }, name);
      await busy;
    }
  });

  test("cost the same for known and unknown names, in the kind of hash that the file holds", async (t) => {
    const file = join(await folder(t), "accounts.json");
    const bcrypt = await bcryptHash("sesame", { cost: 5 });
    await put(file, record("ann", { password: bcrypt }));
    const verified: string[] = [];
    class Counted extends Passwords {
      override verify(hash: string, password: string): Promise<boolean> {
        verified.push(hash.slice(0, 7));
        return super.verify(hash, password);
      }
    }
    const { store } = await openStore(t, file, { passwords: new Counted() });
    for (const name of ["ann", "nobody", "a/b"]) await store.authenticate(login(name, "wrong"));
    assert.deepEqual(verified, ["$2b$05$", "$2b$05$", "$2b$05$"]);
  });

  test("get a stronger hash at the next login, and the password still works", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann", { password: await bcryptHash("sesame", { cost: 4 }), comment: "kept" }));
    const { store, warnings } = await openStore(t, file);
    await store.authenticate(login("ann", "wrong"));
    await store.close();
    assert.match((await readAccountsFile(file)).get("ann")?.password ?? "", /^\$2b\$/);
    accepted(await store.authenticate(login("ann", "sesame")));
    await store.close();
    const ann = (await readAccountsFile(file)).get("ann");
    assert.match(ann?.password ?? "", /^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
    assert.equal(ann?.comment, "kept");
    accepted(await store.authenticate(login("ann", "sesame")));
    assert.deepEqual(warnings, []);
  });

  test("get stronger hashes with one writing of the file, however many log in", async (t) => {
    const file = join(await folder(t), "accounts.json");
    const names = Array.from({ length: 20 }, (_, n) => `user${n}`);
    const password = await bcryptHash("sesame", { cost: 4 });
    await put(file, ...names.map((name) => record(name, { password })));
    const read: number[] = [];
    const { store } = await openStore(t, file, { onRead: (accounts) => read.push(accounts) });
    for (const name of names) accepted(await store.authenticate(login(name, "sesame")));
    while (read.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await store.close();
    const hashes = [...(await readAccountsFile(file)).values()].map(({ password }) => password);
    assert.ok(hashes.every((hash) => hash.startsWith("$argon2id$")));
    // All of them wait together, but for a slow machine on which a second passes meanwhile.
    assert.ok(read.length < names.length / 2, `read ${read.length} times`);
  });

  test("keep the old hash where the file cannot be written, and let in all the same", async (t) => {
    const directory = await folder(t);
    const file = join(directory, "accounts.json");
    await put(file, record("ann", { password: await bcryptHash("sesame", { cost: 4 }) }));
    const { store, warnings } = await openStore(t, file);
    await mkdir(join(directory, "accounts.json.lock"));
    const old = new Date(0);
    await utimes(join(directory, "accounts.json.lock"), old, old);
    await symlink("nowhere", join(directory, "x"));
    // A directory in the lock's place that is not empty cannot be taken for stale and unlinked.
    await writeFile(join(directory, "accounts.json.lock", "x"), "");
    await utimes(join(directory, "accounts.json.lock"), old, old);
    accepted(await store.authenticate(login("ann", "sesame")));
    await store.close();
    assert.equal(warnings[0], `cannot store stronger hashes in ${file}`);
  });
});

describe("a change of the accounts file", () => {
  test("holds at the very next login", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann"));
    const { store } = await openStore(t, file);
    for (let n = 0; n < 20; n++) {
      await put(file, record(`user-${n}`));
      accepted(await store.authenticate(login(`user-${n}`, "sesame")));
      assert.deepEqual(await store.authenticate(login("ann", "sesame")), { refused: "credentials" });
    }
  });

  test("is seen without a login: disabling, removing or moving an account ends its sessions", async (t) => {
    const file = join(await folder(t), "accounts.json");
    const names = ["disabled", "removed", "moved", "stays"];
    await put(file, ...names.map((name) => record(name)));
    const { store, next } = await openStore(t, file);
    const leases: AccountLease[] = [];
    const told: string[] = [];
    for (const name of names) {
      const lease = leased(await store.open(accepted(await store.authenticate(login(name, "sesame")))));
      lease.onChange(() => told.push(name));
      leases.push(lease);
    }
    const read = next();
    await put(
      file,
      record("disabled", { disabled: true }),
      record("moved", { home: "/else" }),
      record("stays"),
    );
    await read;
    assert.deepEqual(
      leases.map(({ current }) => current?.name),
      [undefined, undefined, undefined, "stays"],
    );
    assert.deepEqual(told, ["disabled", "removed", "moved"]);
  });

  test("gives running sessions the new permissions and limits, with the storage they have", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann"));
    const { store, next } = await openStore(t, file);
    const account = accepted(await store.authenticate(login("ann", "sesame")));
    const lease = leased(await store.open(account));
    assert.equal(lease.current, account);
    let read = next();
    await put(file, record("ann", { comment: "nothing that concerns a session" }));
    await read;
    assert.equal(lease.current, account);
    read = next();
    await put(file, record("ann", { permissions: "read-only", limits: { sessions: 1 } }));
    await read;
    assert.equal(lease.current?.storage, account.storage);
    assert.equal(lease.current?.permissions.allows("upload", account.home), false);
    assert.deepEqual(await store.open(account), { refused: "limit" });
  });

  test("that breaks the file keeps the accounts read before, warns once, and ends when it is mended", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann"));
    const { store, warnings } = await openStore(t, file);
    await writeFile(file, '{"version":1,"accounts":[{"name":"bob"}]}');
    accepted(await store.authenticate(login("ann", "sesame")));
    accepted(await store.authenticate(login("ann", "sesame")));
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? "",
      /accounts\.json: accounts\[0\]\.password: .*; the accounts read before still hold$/,
    );
    await assert.rejects(store.reload(), AccountsFileError);
    await rm(file);
    accepted(await store.authenticate(login("ann", "sesame")));
    assert.match(warnings[1] ?? "", /there is no such file/);
    await put(file, record("bob"));
    accepted(await store.authenticate(login("bob", "sesame")));
    assert.deepEqual(await store.authenticate(login("ann", "sesame")), { refused: "credentials" });
  });

  test("made by turning a link is seen too, as Kubernetes does it", async (t) => {
    const directory = await folder(t);
    await put(join(directory, "one.json"), record("ann"));
    await put(join(directory, "two.json"), record("bob"));
    const file = join(directory, "accounts.json");
    await symlink("one.json", file);
    const { store, next } = await openStore(t, file);
    const lease = leased(await store.open(accepted(await store.authenticate(login("ann", "sesame")))));
    const read = next();
    await symlink("two.json", join(directory, "link"));
    await rename(join(directory, "link"), file);
    await read;
    assert.equal(lease.current, undefined);
  });

  test("is read on request", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann"));
    const { store } = await openStore(t, file);
    await store.close();
    await put(file, record("bob"));
    await store.reload();
    accepted(await store.authenticate(login("bob", "sesame")));
  });
});

describe("a file that everybody can read", () => {
  test("is used, and the operator is told", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann"));
    assert.deepEqual((await openStore(t, file)).warnings, []);
    await chmod(file, 0o604);
    const { warnings } = await openStore(t, file);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /accounts\.json, which holds password hashes: chmod o= it$/);
  });
});

describe("a file that cannot be used at the start", () => {
  test("is an error of one line that names it", async (t) => {
    const directory = await folder(t);
    const openStorage = async (): Promise<Storage> => STORAGE;
    const missing = join(directory, "missing.json");
    await assert.rejects(FileAccounts.open({ file: missing, openStorage }), {
      name: "AccountsFileError",
      code: "ERR_FERRY_ACCOUNTS_FILE",
      message: `cannot read ${missing}: there is no such file`,
    });
    await assert.rejects(FileAccounts.open({ file: directory, openStorage }), {
      message: `cannot read ${directory}: it is a directory`,
    });
    const fifo = join(directory, "fifo");
    await promisify(execFile)("mkfifo", [fifo]);
    await assert.rejects(FileAccounts.open({ file: fifo, openStorage }), {
      message: `cannot read ${fifo}: it is no regular file`,
    });
  });
});

describe("editing the accounts file", () => {
  test("makes it readable for its owner only, and leaves nothing else behind", async (t) => {
    const directory = await folder(t);
    const file = join(directory, "accounts.json");
    await put(file, record("ann"));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(directory), ["accounts.json"]);
    await chmod(file, 0o644);
    await put(file, record("bob"));
    assert.equal((await stat(file)).mode & 0o777, 0o640, "a group that may read stays, others do not");
  });

  test("keeps the owner, so that a server of another user can still read it", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("only root can give files away");
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann"));
    await chown(file, 65_534, 65_534);
    await put(file, record("bob"));
    const { uid, gid, mode } = await stat(file);
    assert.deepEqual([uid, gid, mode & 0o777], [65_534, 65_534, 0o600]);
  });

  test("writes through a link to the file that it leads to", async (t) => {
    const directory = await folder(t);
    await mkdir(join(directory, "etc"));
    await put(join(directory, "etc", "real.json"), record("ann"));
    await symlink("etc/real.json", join(directory, "accounts.json"));
    await put(join(directory, "accounts.json"), record("bob"));
    assert.deepEqual([...(await readAccountsFile(join(directory, "etc", "real.json"))).keys()], ["bob"]);
  });

  test("writes nothing when the change throws or changes nothing, or when the file is broken", async (t) => {
    const directory = await folder(t);
    const file = join(directory, "accounts.json");
    await put(file, record("ann"));
    const before = await stat(file);
    await editAccountsFile(file, () => "unchanged");
    await assert.rejects(
      editAccountsFile(file, () => {
        throw new Error("no");
      }),
      /no/,
    );
    assert.equal((await stat(file)).ino, before.ino);
    await writeFile(file, "broken");
    await assert.rejects(put(file, record("bob")), AccountsFileError);
    assert.equal(await readFile(file, "utf8"), "broken");
    await assert.rejects(
      editAccountsFile(join(directory, "missing.json"), () => "changed"),
      /there is no such file/,
    );
    await assert.rejects(put(join(directory, "none", "accounts.json")), /its folder does not exist$/);
    assert.deepEqual(await readdir(directory), ["accounts.json"]);
  });

  test("by many at once loses no change", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file);
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        editAccountsFile(file, (accounts) => {
          accounts.set(`user-${n}`, record(`user-${n}`));
          return "changed";
        }),
      ),
    );
    assert.equal((await readAccountsFile(file)).size, 12);
  });

  test("takes over the lock of a process that died, and leaves that of one that lives", async (t) => {
    const directory = await folder(t);
    const file = join(directory, "accounts.json");
    await put(file, record("ann"));
    await writeFile(`${file}.lock`, "a dead process");
    const old = new Date(Date.now() - 60_000);
    await utimes(`${file}.lock`, old, old);
    await put(file, record("bob"));
    assert.deepEqual(await readdir(directory), ["accounts.json"]);
    await writeFile(`${file}.lock`, "a process that lives");
    const waiting = put(file, record("carl"));
    assert.deepEqual([...(await readAccountsFile(file)).keys()], ["bob"]);
    await rm(`${file}.lock`);
    await waiting;
    assert.deepEqual([...(await readAccountsFile(file)).keys()], ["carl"]);
  });

  test("writes nothing when another process took over the lock meanwhile", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann"));
    const { writeFileSync } = await import("node:fs");
    await assert.rejects(
      editAccountsFile(file, (accounts) => {
        writeFileSync(`${file}.lock`, "somebody else");
        accounts.clear();
        return "changed";
      }),
      /another process took over the lock/,
    );
    assert.equal((await readAccountsFile(file)).size, 1);
    assert.equal(await readFile(`${file}.lock`, "utf8"), "somebody else");
  });
});

describe("an account of the file", () => {
  test("that expires loses its sessions at that moment", async (t) => {
    const file = join(await folder(t), "accounts.json");
    const expires = new Date(Date.now() + 700).toISOString();
    await put(file, record("ann", { expires }), record("late", { expires: "2020-01-01T00:00:00.000Z" }));
    const store = await FileAccounts.open({ file, openStorage: async () => STORAGE, passwords });
    t.after(() => store.close());
    assert.deepEqual(await store.authenticate(login("late", "sesame")), { refused: "disabled" });
    const answer = await store.authenticate(login("ann", "sesame"));
    assert.ok("ok" in answer);
    const lease = await store.open(answer.ok);
    assert.ok("current" in lease);
    // The store's own timer does not keep the process.
    const alive = setInterval(() => {}, 1000);
    await new Promise<void>((resolve) => lease.onChange(resolve));
    clearInterval(alive);
    assert.equal(lease.current, undefined);
    assert.deepEqual(await store.authenticate(login("ann", "sesame")), { refused: "disabled" });
  });

  test("with a quota stores so much and no more, over all its sessions, and what lies there counts", async (t) => {
    const tree = new MemoryTree();
    await write(tree.storageFor("ann"), "/before", 400);
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann", { quota: { bytes: 1000, files: 3 } }));
    const openStorage = async (): Promise<Storage> => tree.storageFor("ann");
    const store = await FileAccounts.open({ file, openStorage, passwords });
    t.after(() => store.close());
    const [one, other] = await Promise.all([
      store.authenticate(login("ann", "sesame")),
      store.authenticate(login("ann", "sesame")),
    ]);
    assert.ok("ok" in one && "ok" in other);
    await write(one.ok.storage, "/one", 300);
    await assert.rejects(write(other.ok.storage, "/other", 301), { reason: "quota" });
    await write(other.ok.storage, "/other", 300);
    await assert.rejects(write(one.ok.storage, "/fourth", 0), { reason: "quota" });
    await one.ok.storage.remove(pathname("/before"), o);
    await write(one.ok.storage, "/fourth", 400);
    await put(file, record("ann", { quota: { bytes: 2000 } }));
    await store.reload();
    await write(one.ok.storage, "/fifth", 900);
  });

  test("is let in from its networks only, and told so only with the right password", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann", { networks: ["10.0.0.0/8"] }));
    const store = await FileAccounts.open({ file, openStorage: async () => STORAGE, passwords });
    t.after(() => store.close());
    assert.deepEqual(await store.authenticate(login("ann", "sesame")), { refused: "network" });
    assert.deepEqual(await store.authenticate(login("ann", "wrong")), { refused: "credentials" });
    const inside = { ...login("ann", "sesame"), peer: { address: "10.1.1.1", port: 1 } };
    assert.ok("ok" in (await store.authenticate(inside)));
  });

  test("has its mounts, which close with its storage", async (t) => {
    const file = join(await folder(t), "accounts.json");
    await put(file, record("ann", { mounts: { archive: "/srv/archive" } }));
    const closed: string[] = [];
    const openStorage = async (home: string): Promise<Storage> => ({
      ...forward(new MemoryTree().storageFor("ann"), {}),
      close: () => void closed.push(home),
    });
    const store = await FileAccounts.open({ file, openStorage, passwords });
    t.after(() => store.close());
    const answer = await store.authenticate(login("ann", "sesame"));
    assert.ok("ok" in answer);
    assert.deepEqual([...(answer.ok.mounts?.keys() ?? [])], ["archive"]);
    await answer.ok.storage.close?.();
    assert.deepEqual(closed.sort(), ["/srv/ann", "/srv/archive"]);
  });
});

const o = { signal: new AbortController().signal };

async function write(storage: Storage, path: string, length: number): Promise<void> {
  const handle = await storage.openWrite(pathname(path), { ...o, intent: "replace" });
  try {
    await handle.write(Buffer.alloc(length));
    await handle.commit();
  } catch (error) {
    await handle.abandon(error);
    throw error;
  }
}
