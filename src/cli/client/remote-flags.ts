/** The flags that all commands have that talk to a server (DESIGN 7). */
import { type Command, Option } from "commander";
import { parseProxy } from "../../client/session/proxy.js";
import { one } from "../flags.js";
import * as values from "../values.js";

export const TLS_CHOICES = ["off", "explicit", "implicit", "auto"] as const;
export type TlsChoice = (typeof TLS_CHOICES)[number];

/** Absent is what was not said. */
export interface RemoteFlags {
  readonly tls?: TlsChoice;
  readonly insecure?: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly active?: boolean;
  readonly proxy?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly retries?: number;
  /** Bytes per second. */
  readonly limitRate?: number;
  readonly encoding?: string;
  readonly trace?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function addRemoteFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--tls <when>",
        "auto (ftp://): where the server has it; explicit (ftpes://), implicit (ftps://): demanded, with a valid certificate",
      ).choices(TLS_CHOICES),
    )
    .option("--insecure", "take any certificate")
    .option("--ca <file>", "certificates (PEM) that are trusted, instead of those that Node.js trusts")
    .option("--cert <file>", "our certificate (PEM)")
    .option("--key <file>", "its key (PEM), when it is not in the same file")
    .option("--active", "let the server connect to us for data")
    .addOption(one("--proxy <url>", "http://host:port or socks5://host:port", proxy))
    .addOption(one("--timeout <seconds>", "without any answer or moving byte", values.seconds))
    .addOption(one("--retries <number>", "times that what broke is tried again", retries))
    .addOption(one("--limit-rate <bytes>", "bytes per second, such as 500K or 2M", values.bytes))
    .addOption(one("--encoding <name>", "of names, where the server has no UTF-8", encoding))
    .option("--trace", "show the conversation on standard error, without passwords")
    .option("--quiet", "no progress and no warnings")
    .option("--json", "for programs: one object in each line");
}

export function proxy(text: string): string {
  try {
    parseProxy(text);
    return text;
  } catch {
    throw new values.ValueError(EXPECTED_PROXY);
  }
}

const EXPECTED_PROXY =
  "expected http://host:port or socks5://host:port, with user:password@ before where needed";

/** 0 is never. */
export function retries(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new values.ValueError("expected a whole number from 0 to 9999");
}

/** Of the WHATWG's encodings; UTF-16 cannot be sent in commands. */
export function encoding(text: string): string {
  try {
    if (!new TextDecoder(text).encoding.startsWith("utf-16")) return text;
  } catch {
    // Said below.
  }
  throw new values.ValueError("expected an encoding such as windows-1252, gbk or shift_jis");
}
