/** The configuration file of `ferry serve`: YAML with the words of the flags in camelCase. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { describeIssue, withoutUndefined } from "../../accounts/schema.js";
import { accountsFrom, accountsPlace } from "../accounts-place.js";
import { configurationError, systemReason } from "../errors.js";
import * as values from "../values.js";
import { LOG_KINDS, type ServeOptions, TLS_DATA_KINDS, TLS_KINDS, UPLOAD_KINDS } from "./options.js";

const MAX_FILE = 1024 * 1024;

/** Relative paths in the file are seen from its directory. @throws CliError with file, line and key. */
export async function readConfiguration(file: string): Promise<ServeOptions> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw configurationError(`cannot read ${file}: ${systemReason(error)}`, error);
  }
  if (text.length > MAX_FILE) throw configurationError(`${file} is larger than any configuration`);
  return atDirectory(dirname(file), parseConfiguration(file, text));
}

/** @throws CliError with file, line and key. */
export function parseConfiguration(file: string, text: string): ServeOptions {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw configurationError(`${file}: line ${line}, column ${col}: ${broken.message.split("\n", 1)[0]}`);
  }
  const found = configuration.safeParse(contentOf(file, document) ?? {});
  if (found.success) return withoutUndefined(found.data);
  const { path, text: problem } = describeIssue(found.error);
  const line = lineOf(document, path, lines);
  throw configurationError(`${file}: ${line === undefined ? "" : `line ${line}: `}${problem}`);
}

type Document = ReturnType<typeof parseDocument>;

/** Aliases that multiply are refused by the library when it turns them into values. */
function contentOf(file: string, document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw configurationError(`${file}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** Of the innermost part of the path that the file has. */
function lineOf(document: Document, path: readonly PropertyKey[], lines: LineCounter): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node !== "object" || node === null || !("range" in node) || !Array.isArray(node.range))
      continue;
    return lines.linePos(Number(node.range[0])).line;
  }
  return undefined;
}

function textOf<T>(parse: (text: string) => T) {
  return z.string().transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof values.ValueError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  });
}

/** Numbers are taken as YAML has them, and checked as the flags are. */
function numberOf(parse: (text: string) => number) {
  return z.number().transform(String).pipe(textOf(parse));
}

function oneOrMore<T extends z.ZodType>(one: T, expected: string) {
  return z.union([one.transform((value) => [value]), z.array(one)], {
    error: `expected ${expected}, or a list of them`,
  });
}

const path = z.string().min(1, { error: "expected a path" });

const passiveRule = z
  .strictObject({ network: textOf(values.network), address: textOf(values.passiveAddress).optional() })
  .transform(({ network, address }) => (address === undefined ? { network } : { network, address }));

const audit = z.strictObject({
  logins: z.boolean().default(true),
  transfers: z.boolean().default(true),
  keepDays: z.int().min(1).max(3650).default(90),
});

const tlsKind = z.enum(TLS_KINDS, { error: "expected off, allow or require" });

const tlsHost = z
  .strictObject({ cert: path, key: path.optional(), hosts: oneOrMore(path, "a host name").optional() })
  .transform(({ cert, key = cert, hosts }) => (hosts === undefined ? { cert, key } : { cert, key, hosts }));

const configuration = z.strictObject({
  root: path.optional(),
  port: numberOf(values.port).optional(),
  host: oneOrMore(textOf(values.host), "an address")
    .refine((hosts) => hosts.length > 0, { error: "expected at least one address" })
    .optional(),
  user: oneOrMore(textOf(values.credentials), "NAME:PASSWORD").optional(),
  anonymous: z.boolean().optional(),
  accounts: path.pipe(textOf(accountsPlace)).optional(),
  readOnly: z.boolean().optional(),
  tls: tlsKind.optional(),
  tlsCert: path.optional(),
  tlsKey: path.optional(),
  tlsSelfSigned: z.boolean().optional(),
  implicitTlsPort: numberOf(values.port).optional(),
  tlsData: z.enum(TLS_DATA_KINDS, { error: "expected off, prefer or require" }).optional(),
  tlsProtectData: tlsKind.optional(),
  tlsHosts: z.array(tlsHost).min(1).optional(),
  tlsClientCertificates: z.enum(["request", "require"], { error: "expected request or require" }).optional(),
  tlsClientCa: path.optional(),
  tlsClientCrl: path.optional(),
  tlsClearControl: z.boolean().optional(),
  tlsAcceptBareEnd: z.boolean().optional(),
  stateDirectory: path.optional(),
  passivePorts: textOf(values.portNumbers).optional(),
  passiveAddress: z.union([textOf(values.passiveAddress), z.array(passiveRule)]).optional(),
  maxSessions: numberOf(values.count).optional(),
  maxSessionsPerAddress: numberOf(values.count).optional(),
  maxLoginAttempts: numberOf(values.count).optional(),
  idleTimeout: numberOf(values.seconds).optional(),
  loginTimeout: numberOf(values.seconds).optional(),
  dataTimeout: numberOf(values.seconds).optional(),
  drainTimeout: numberOf(values.seconds).optional(),
  uploads: z.enum(UPLOAD_KINDS, { error: "expected atomic or direct" }).optional(),
  // YAML 1.2 reads 022 as twenty-two.
  umask: z
    .string({ error: 'expected octal digits in quotes, such as "022"' })
    .pipe(textOf(values.umask))
    .optional(),
  xferlog: path.optional(),
  strictRfc959: z.boolean().optional(),
  allowForeignData: z.boolean().optional(),
  audit: audit.optional(),
  log: z.enum(LOG_KINDS, { error: "expected pretty, json or silent" }).optional(),
});

function atDirectory(directory: string, options: ServeOptions): ServeOptions {
  const { root, accounts, xferlog, tlsCert, tlsKey, tlsHosts, tlsClientCa, tlsClientCrl } = options;
  const { stateDirectory } = options;
  return {
    ...options,
    ...(tlsCert !== undefined && { tlsCert: resolve(directory, tlsCert) }),
    ...(tlsKey !== undefined && { tlsKey: resolve(directory, tlsKey) }),
    ...(tlsHosts !== undefined && {
      tlsHosts: tlsHosts.map((host) => ({
        ...host,
        cert: resolve(directory, host.cert),
        key: resolve(directory, host.key),
      })),
    }),
    ...(tlsClientCa !== undefined && { tlsClientCa: resolve(directory, tlsClientCa) }),
    ...(tlsClientCrl !== undefined && { tlsClientCrl: resolve(directory, tlsClientCrl) }),
    ...(stateDirectory !== undefined && { stateDirectory: resolve(directory, stateDirectory) }),
    ...(root !== undefined && { root: resolve(directory, root) }),
    ...(accounts !== undefined && { accounts: accountsFrom(directory, accounts) }),
    ...(xferlog !== undefined && { xferlog: resolve(directory, xferlog) }),
  };
}
