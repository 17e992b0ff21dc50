/** What `set` changes: one declaration for each setting. */

import { encoding, proxy, type RemoteFlags, retries, TLS_CHOICES } from "../client/remote-flags.js";
import { sessions } from "../client/transfer-flags.js";
import { usageError } from "../errors.js";
import { checked } from "../flags.js";
import { bytes, seconds, ValueError } from "../values.js";
import { nearest } from "./nearest.js";

/** Absent is what was not said. */
export interface SettingValues extends RemoteFlags {
  /** Sessions that one command may use at once. */
  readonly parallel?: number;
  readonly failExit?: boolean;
  readonly verify?: boolean;
}

type Key = keyof SettingValues;

interface Setting {
  /** As it is typed. */
  readonly name: string;
  readonly key: Key;
  readonly summary: string;
  readonly usual: string;
  readonly parse: (text: string) => string | number | boolean;
  /** What Tab offers. */
  readonly values: readonly string[];
  /** Whether sessions have to be made anew for it. */
  readonly reconnects: boolean;
}

const TOGGLE = ["on", "off"];

function toggle(text: string): boolean {
  if (/^(?:on|yes|true|1)$/i.test(text)) return true;
  if (/^(?:off|no|false|0)$/i.test(text)) return false;
  throw new ValueError("expected on or off");
}

function choice(...values: readonly string[]): (text: string) => string {
  return (text) => {
    if (values.includes(text)) return text;
    throw new ValueError(`expected ${values.slice(0, -1).join(", ")} or ${values.at(-1)}`);
  };
}

const text = (value: string): string => value;

export const SETTINGS: readonly Setting[] = [
  setting("parallel", "parallel", "sessions that one command may use at once", "4", sessions, []),
  setting(
    "limit-rate",
    "limitRate",
    "bytes per second of all transfers together, such as 500K",
    "none",
    bytes,
    [],
  ),
  setting(
    "data",
    "active",
    "who makes data connections: passive (we do) or active (the server)",
    "passive",
    choice("passive", "active"),
    ["passive", "active"],
  ),
  setting(
    "tls",
    "tls",
    "auto, explicit, implicit or off",
    "as the URL says",
    choice(...TLS_CHOICES),
    TLS_CHOICES,
  ),
  setting("insecure", "insecure", "whether any certificate will do", "off", toggle, TOGGLE),
  setting("ca", "ca", "file of certificates that are trusted", "the system's", text, []),
  setting("cert", "cert", "file of our certificate", "none", text, []),
  setting("key", "key", "file of its key", "none", text, []),
  setting("proxy", "proxy", "http://host:port or socks5://host:port", "none", proxy, []),
  setting("timeout", "timeout", "seconds without any answer or moving byte", "20 to 60", seconds, []),
  setting("retries", "retries", "times that what broke is tried again", "4", retries, []),
  setting("encoding", "encoding", "of names, where the server has no UTF-8", "utf-8", encoding, [
    "utf-8",
    "windows-1252",
    "gbk",
    "shift_jis",
    "koi8-r",
  ]),
  setting("trace", "trace", "whether the conversation is shown, without passwords", "off", toggle, TOGGLE),
  setting("verify", "verify", "whether files are compared after each transfer", "off", toggle, TOGGLE, false),
  setting("fail-exit", "failExit", "whether a script ends when a command fails", "on", toggle, TOGGLE, false),
  setting("quiet", "quiet", "whether progress and warnings are left out", "off", toggle, TOGGLE, false),
];

function setting(
  name: string,
  key: Key,
  summary: string,
  usual: string,
  parse: Setting["parse"],
  values: readonly string[],
  reconnects = true,
): Setting {
  return { name, key, summary, usual, parse, values, reconnects };
}

export class Settings {
  #values: SettingValues;

  constructor(values: SettingValues) {
    this.#values = values;
  }

  get values(): SettingValues {
    return this.#values;
  }

  /** As they were before a change that could not be made. */
  restore(values: SettingValues): void {
    this.#values = values;
  }

  /** For `set` without a value. */
  shown({ key, usual }: Setting): string {
    const value = this.#values[key];
    if (value === undefined) return usual;
    if (key === "active") return value === true ? "active" : "passive";
    // A proxy's URL may hold a password.
    if (key === "proxy") return String(value).replace(/\/\/[^@/]*@/, "//****@");
    return typeof value === "boolean" ? (value ? "on" : "off") : String(value);
  }

  /** "none" takes back what was said. @throws CliError */
  change(setting: Setting, value: string): void {
    const { [setting.key]: _before, ...others } = this.#values;
    if (value === "none" || value === "default") this.#values = others;
    else this.#values = { ...others, [setting.key]: storable(setting, value) };
  }
}

function storable(setting: Setting, value: string): string | number | boolean {
  const parsed = checked(`set ${setting.name}`, value, setting.parse);
  return setting.key === "active" ? parsed === "active" : parsed;
}

/** @throws CliError that names the nearest one */
export function settingNamed(name: string): Setting {
  const found = SETTINGS.find((each) => each.name === name);
  if (found !== undefined) return found;
  const meant = nearest(
    name,
    SETTINGS.map((each) => each.name),
  );
  throw usageError(`there is no setting ${name}${meant === undefined ? "" : `: did you mean ${meant}?`}`);
}
