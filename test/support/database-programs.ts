/** How each kind of server is started, and what it needs before tests can use it. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { MongoClient } from "mongodb";

/** A program of scripts/mongodb.mjs: a file, or for mongo-java-server a folder of jars. */
export interface DatabaseProgram {
  readonly kind: "mongod" | "ferretdb" | "mongo-java-server";
  readonly binary: string;
}

/** Who may use the server; without one everybody may. */
export interface Operator {
  readonly name: string;
  readonly password: string;
}

export interface Place {
  readonly port: number;
  /** Where its files are. */
  readonly folder: string;
  readonly operator: Operator | undefined;
}

/**
 * A shell between the two ends the server, as a crash does, when its standard input ends: with the process that runs
 * the tests, however that one ends.
 */
const SHELL = '"$@" & server=$!; cat > /dev/null; kill -9 $server 2> /dev/null; wait $server';

export function startProgram(program: DatabaseProgram, place: Place): ChildProcess {
  const words = COMMANDS[program.kind](program.binary, place);
  const [file, ...rest] = program.kind === "mongo-java-server" ? words : ["sh", "-c", SHELL, "sh", ...words];
  return spawn(file ?? "", rest, { stdio: ["pipe", "ignore", "ignore"] });
}

const COMMANDS: Readonly<
  Record<DatabaseProgram["kind"], (binary: string, place: Place) => readonly string[]>
> = {
  /** A replica set of one, which has change streams. With users it would need a key file, so then it is none. */
  mongod: (binary, { port, folder, operator }) => [
    binary,
    ...["--bind_ip", "127.0.0.1", "--port", String(port), "--dbpath", folder, "--quiet"],
    ...(operator === undefined ? ["--replSet", "ferry"] : ["--auth"]),
  ],
  ferretdb: (binary, { port, folder, operator }) => [
    binary,
    ...["--handler=sqlite", `--sqlite-url=file:${folder}/`, "--state-dir=-", "--debug-addr=-"],
    ...[`--listen-addr=127.0.0.1:${port}`, "--telemetry=disable", "--log-level=error"],
    ...(operator === undefined
      ? []
      : [
          ...["--test-enable-new-auth", "--setup-database=admin", `--setup-username=${operator.name}`],
          `--setup-password=${operator.password}`,
        ]),
  ],
  /** Ends by itself, in order: its file would not survive a crash. */
  "mongo-java-server": (folderOfJars, { port, folder }) => {
    const classes = `${join(folderOfJars, "*")}:${folderOfJars}`;
    return [
      "java",
      "-XX:TieredStopAtLevel=1",
      "-Xmx256m",
      "-cp",
      classes,
      "Server",
      String(port),
      join(folder, "data"),
    ];
  },
};

/** Waits until the server takes writes. What a new mongod needs first is done. */
export async function prepare(program: DatabaseProgram, { port, operator }: Place): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 30_000,
  });
  try {
    const admin = client.db("admin");
    await client.connect();
    if (program.kind !== "mongod") return;
    if (operator !== undefined) {
      // Allowed to whoever connects from here first, as long as there is no user.
      const { name: createUser, password: pwd } = operator;
      await admin.command({ createUser, pwd, roles: ["root"] }).catch(unlessDone);
      return;
    }
    const members = [{ _id: 0, host: `127.0.0.1:${port}` }];
    await admin.command({ replSetInitiate: { _id: "ferry", members } }).catch(unlessDone);
    while (!(await admin.command({ hello: 1 })).isWritablePrimary) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await client.close();
  }
}

/** AlreadyInitialized, Unauthorized (there is a user), and the user is there already: it was started before. */
function unlessDone(error: unknown): void {
  const done: readonly unknown[] = [23, 13, 51_003];
  if (!(error instanceof Error && "code" in error && done.includes(error.code))) throw error;
}
