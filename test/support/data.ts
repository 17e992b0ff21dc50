/** Data connections in every way that there is, of raw clients: also LPRT and LPSV, and in steps of their own. */
import {
  formatLongPort,
  parseExtendedPassiveReply,
  parseLongPassiveReply,
  parsePassiveReply,
  type Reply,
} from "ferry/protocol";
import { type DataMode, type RawClient, RawData } from "ferry/testing";
import type { Family } from "./server.js";
import { HOSTS, textOf } from "./session.js";

export const DATA_MODES = ["EPSV", "PASV", "LPSV", "EPRT", "PORT", "LPRT"] as const;

export type AnyDataMode = DataMode | "LPSV" | "LPRT";

export function isPassive(mode: AnyDataMode): boolean {
  return mode.endsWith("V");
}

/** PORT and PASV have room for an IPv4 address only. */
export function familiesOf(mode: AnyDataMode): readonly Family[] {
  return mode === "PASV" || mode === "PORT" ? ["IPv4"] : ["IPv4", "IPv6"];
}

/** A data connection that was asked for; to passive ports it is being made already. */
export async function dataConnection(client: RawClient, mode: AnyDataMode, family: Family): Promise<RawData> {
  if (mode === "LPSV") return (await passivePort(client, mode, family)).connect();
  if (mode !== "LPRT") return await client.data(mode);
  const address = HOSTS[family];
  const data = await RawData.listen(address, {});
  const hostPort = { family: family === "IPv4" ? 4 : 6, address, port: data.port } as const;
  await client.expect(`LPRT ${formatLongPort(hostPort)}`, 200);
  return data;
}

export interface PassivePort {
  readonly port: number;
  /** What the reply said, if it says any. */
  readonly address: string | undefined;
  connect(): RawData;
}

/** A port that the server listens on; nobody connects to it yet. */
export async function passivePort(
  client: RawClient,
  mode: "EPSV" | "PASV" | "LPSV" = "EPSV",
  family: Family = "IPv4",
): Promise<PassivePort> {
  const answer = await client.expect(mode, 227, 228, 229);
  const found = portIn(answer);
  if (found === undefined) throw new Error(`no port in ${textOf(answer)}`);
  const connect = () => RawData.connect({ host: HOSTS[family], port: found.port }, answer, {});
  return { ...found, connect };
}

function portIn(answer: Reply<number>): { port: number; address: string | undefined } | undefined {
  const text = textOf(answer);
  if (answer.code === 227) return parsePassiveReply(text);
  if (answer.code === 228) return parseLongPassiveReply(text);
  const port = parseExtendedPassiveReply(text);
  return port === undefined ? undefined : { port, address: undefined };
}
