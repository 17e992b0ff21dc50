/** The configuration file of `ferry serve`: YAML with the words of the flags in camelCase. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { describeIssue, withoutUndefined } from "../accounts/schema.js";
import { configurationError, systemReason } from "./errors.js";
import { accountsFrom, accountsPlace, LOG_KINDS, type ServeOptions, UPLOAD_KINDS } from "./serve-options.js";
import * as values from "./values.js";

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

function oneOrMore<T extends z.ZodType>(one: T) {
  return z.union([one.transform((value) => [value]), z.array(one)]);
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

const configuration = z.strictObject({
  root: path.optional(),
  port: numberOf(values.port).optional(),
  host: oneOrMore(textOf(values.host)).optional(),
  user: oneOrMore(textOf(values.credentials)).optional(),
  anonymous: z.boolean().optional(),
  accounts: path.pipe(textOf(accountsPlace)).optional(),
  readOnly: z.boolean().optional(),
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
  const { root, accounts, xferlog } = options;
  return {
    ...options,
    ...(root !== undefined && { root: resolve(directory, root) }),
    ...(accounts !== undefined && { accounts: accountsFrom(directory, accounts) }),
    ...(xferlog !== undefined && { xferlog: resolve(directory, xferlog) }),
  };
}
