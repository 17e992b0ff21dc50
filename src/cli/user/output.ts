/** What `ferry user` prints: for people, or as JSON. Never a hash. */
import type { AccountActivity } from "../../accounts/directory.js";
import type { PermissionRules } from "../../accounts/permissions.js";
import type { AccountRecord } from "../../accounts/record.js";
import { printable } from "../../protocol/text.js";
import { jsonLine } from "../json-line.js";
import type { Terminal } from "../terminal.js";
import { publicAccount, type UserOptions } from "./options.js";

export function say(account: AccountRecord, o: UserOptions, terminal: Terminal, what: string): void {
  if (o.json === true) writeJson(account, terminal);
  else terminal.output.write(`ferry: account ${printable(account.name)} ${printable(what)}\n`);
}

export function writeJson(account: AccountRecord, terminal: Terminal, more: object = {}): void {
  terminal.output.write(jsonLine({ ...publicAccount(account), ...more }));
}

export function writeTable(accounts: readonly AccountRecord[], terminal: Terminal): void {
  const rows = accounts.map(({ name, disabled, expires, permissions, home }) => [
    printable(name),
    stateText(disabled, expires),
    permissionsText(permissions),
    printable(home),
  ]);
  const table = [["NAME", "STATE", "PERMISSIONS", "HOME"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  terminal.output.write(`${lines.join("\n")}\n`);
}

export function writeAccount(
  account: AccountRecord,
  activity: AccountActivity | undefined,
  terminal: Terminal,
): void {
  const { limits, permissions, quota, mounts, networks, certificates, ...rest } = publicAccount(account);
  const facts: Record<string, unknown> = {
    ...rest,
    permissions: permissionsText(permissions),
    ...limits,
    ...(quota?.bytes !== undefined && { quotaBytes: quota.bytes }),
    ...(quota?.files !== undefined && { quotaFiles: quota.files }),
    ...(quota?.bytesPerMonth !== undefined && { quotaMonth: quota.bytesPerMonth }),
    ...(mounts !== undefined && { mounts: JSON.stringify(mounts) }),
    ...(networks !== undefined && { networks: networks.join(", ") }),
    ...(certificates !== undefined && { certificates: certificates.join(", ") }),
    ...(activity !== undefined && activityText(activity)),
  };
  const lines = Object.entries(facts).map(([key, value]) => `${key}: ${printable(String(value))}`);
  terminal.output.write(`${lines.join("\n")}\n`);
}

function activityText({ lastLogin, sessions, stored, uploaded }: AccountActivity): Record<string, unknown> {
  return {
    ...(lastLogin !== undefined && { lastLogin: `${lastLogin.at.toISOString()} from ${lastLogin.peer}` }),
    ...(sessions !== undefined && { sessionsNow: sessions }),
    ...(stored !== undefined && { stored: `${stored.bytes} bytes, ${counted(stored.files, "file")}` }),
    ...(uploaded !== undefined && { uploaded: `${uploaded.bytes} bytes in ${uploaded.month}` }),
  };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function stateText(disabled: boolean, expires: string | undefined): string {
  if (disabled) return "disabled";
  return expires !== undefined && Date.parse(expires) <= Date.now() ? "expired" : "enabled";
}

function permissionsText(permissions: PermissionRules): string {
  if (typeof permissions === "string") return permissions;
  return Array.isArray(permissions) ? permissions.join(",") || "none" : JSON.stringify(permissions);
}
