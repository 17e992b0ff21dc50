/** TLS of `ferry serve`: from files to what the server is told, again whenever the files change. */
import { readFile } from "node:fs/promises";
import {
  type ClientAuthorities,
  checkAuthorities,
  TlsConfigurationError,
  TlsIdentities,
  TlsIdentity,
} from "../../connection/tls/identity.js";
import type { TlsOptions } from "../../server/options.js";
import { configurationError, systemReason } from "../errors.js";
import type { Settings } from "./settings.js";

/** Whether these settings have TLS; it is there when anything of it was said, unless `--tls off`. */
export function hasTls({ tls, tlsCert, tlsSelfSigned, tlsHosts, implicitTlsPort }: Settings): boolean {
  if (tls !== undefined) return tls !== "off";
  return (
    tlsCert !== undefined || tlsSelfSigned === true || tlsHosts !== undefined || implicitTlsPort !== undefined
  );
}

/** The files whose changes are to be followed. */
export function tlsFiles(settings: Settings): string[] {
  if (!hasTls(settings)) return [];
  const { tlsCert, tlsKey, tlsHosts = [], tlsClientCa, tlsClientCrl } = settings;
  const hosts = tlsHosts.flatMap(({ cert, key }) => [cert, key]);
  return [tlsCert, tlsKey, ...hosts, tlsClientCa, tlsClientCrl].filter((file) => file !== undefined);
}

/** Undefined when TLS is off. @throws CliError that names the file and says what to do. */
export async function loadTls(settings: Settings): Promise<TlsOptions | undefined> {
  if (!hasTls(settings)) return undefined;
  const { tls, tlsData, tlsProtectData, tlsClearControl, tlsAcceptBareEnd } = settings;
  const clients = await loadAuthorities(settings);
  return {
    identities: await loadIdentities(settings),
    control: tls === "require" ? "require" : "allow",
    ...(tlsProtectData !== undefined && { data: tlsProtectData }),
    ...(tlsData !== undefined && { binding: tlsData }),
    ...(clients !== undefined && {
      clients: { mode: settings.tlsClientCertificates ?? "request", authorities: clients },
    }),
    clearControl: tlsClearControl ?? false,
    acceptBareEnd: tlsAcceptBareEnd ?? false,
  };
}

/** Differs whenever something of it does that sessions to come would notice. */
export function tlsStamp(tls: TlsOptions | undefined): string {
  const { identities, clients } = tls ?? {};
  return JSON.stringify([identities?.all.map(({ chain, key }) => [chain, key]), clients]);
}

async function loadIdentities(settings: Settings): Promise<TlsIdentities> {
  const { tlsCert, tlsKey, tlsSelfSigned, tlsHosts = [], stateDirectory } = settings;
  const all: TlsIdentity[] = [];
  if (tlsCert !== undefined) all.push(await loadIdentity({ cert: tlsCert, key: tlsKey ?? tlsCert }));
  else if (tlsSelfSigned === true) {
    // Its library takes as long to load as all of Ferry, and few need it.
    const { selfSignedIdentity } = await import("./self-signed.js");
    all.push(await selfSignedIdentity(stateDirectory));
  }
  for (const host of tlsHosts) all.push(await loadIdentity(host));
  const [first, ...more] = all;
  if (first === undefined) {
    throw configurationError(
      "TLS needs a certificate: give --tls-cert and --tls-key, or --tls-self-signed to have one made",
    );
  }
  return new TlsIdentities(first, ...more);
}

async function loadIdentity(o: {
  readonly cert: string;
  readonly key: string;
  readonly hosts?: readonly string[];
}): Promise<TlsIdentity> {
  const certificate = await read(o.cert);
  const key = await read(o.key);
  try {
    return new TlsIdentity({ certificate, key, ...(o.hosts !== undefined && { hosts: o.hosts }) });
  } catch (error) {
    if (!(error instanceof TlsConfigurationError)) throw error;
    const aboutKey = error.problem === "bad-key" || error.problem === "encrypted-key";
    throw configurationError(`${aboutKey ? o.key : o.cert}: ${error.message}`, error);
  }
}

async function loadAuthorities(settings: Settings): Promise<ClientAuthorities | undefined> {
  const { tlsClientCa, tlsClientCrl } = settings;
  if (tlsClientCa === undefined) {
    if (settings.tlsClientCertificates === undefined && tlsClientCrl === undefined) return undefined;
    throw configurationError("client certificates need tlsClientCa, the file of those who vouch for them");
  }
  const authorities = {
    certificates: await read(tlsClientCa),
    ...(tlsClientCrl !== undefined && { revoked: await read(tlsClientCrl) }),
  };
  try {
    checkAuthorities(authorities);
    return authorities;
  } catch (error) {
    if (!(error instanceof TlsConfigurationError)) throw error;
    const file = error.problem === "bad-revocation-list" ? (tlsClientCrl ?? tlsClientCa) : tlsClientCa;
    throw configurationError(`${file}: ${error.message}`, error);
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw configurationError(`cannot read ${file}: ${systemReason(error)}`, error);
  }
}
