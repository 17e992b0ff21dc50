import type { PeerCertificate } from "node:tls";
import type { Finding } from "../finding.js";
import { defineProbe } from "../probe.js";

const DAY = 24 * 3600 * 1000;
const SOON = 30 * DAY;

export const certificate = defineProbe({
  id: "certificate",
  section: "TLS",
  title: "the server's certificate",
  needs: [],
  troubles: {
    "certificate-expired": {
      kind: "problem",
      text: "The certificate has expired, on {date}",
      cause: "It was not renewed, or the server still uses the old one.",
      change: [{ side: "server", what: "Renew the certificate and have the server read it." }],
      weight: 85,
    },
    "certificate-not-yet": {
      kind: "problem",
      text: "The certificate is not valid before {date}",
      cause: "It was made for later, or the clock of one side is wrong.",
      change: [
        { side: "client", what: "Check this machine's clock." },
        { side: "server", what: "Use a certificate that is valid now." },
      ],
      weight: 85,
    },
    "certificate-ends-soon": {
      kind: "note",
      text: "The certificate expires in {days} days, on {date}",
      cause: "From then on clients refuse it.",
      change: [{ side: "server", what: "Renew it, and have the server read the new one." }],
      weight: 45,
    },
    "certificate-self-signed": {
      kind: "problem",
      text: "The certificate vouches for itself",
      cause: "No authority that this machine knows has signed it, so that anybody could have made it.",
      change: [
        {
          side: "client",
          what: "Compare the fingerprint with the server's, then give the certificate with --ca.",
        },
        { side: "server", what: "Use a certificate of a public authority, such as Let's Encrypt." },
      ],
      weight: 70,
    },
    "certificate-untrusted": {
      kind: "problem",
      text: "The certificate comes from an authority that this machine does not know",
      cause: "The server does not send the intermediate certificates, or the authority is a private one.",
      change: [
        {
          side: "server",
          what: "Give it the whole chain: its certificate, then the intermediate ones, in one file.",
        },
        { side: "client", what: "For a private authority, give its certificate with --ca." },
      ],
      weight: 70,
    },
    "certificate-name": {
      kind: "problem",
      text: "The certificate is not for {host}",
      cause: "It was made for other names: {names}.",
      change: [
        { side: "client", what: "Use a name in the URL that the certificate has." },
        { side: "server", what: "Use a certificate that has {host} among its names." },
      ],
      weight: 75,
    },
  },
  applies: ({ facts }) => facts.tlsPeer !== undefined,
  async run({ facts: { tlsPeer }, subject, world }, tell) {
    if (tlsPeer === undefined) return [];
    const { certificate, chainError, nameError } = tlsPeer;
    const demanded = subject.tls !== "auto" && subject.tlsOptions.insecure !== true;
    // Where nobody asked for a proof, its lack is only worth knowing.
    const kind = demanded ? "problem" : "note";
    const found: Finding[] = [];
    // Once is enough.
    const evidence = (): string | undefined => (found.length === 0 ? described(certificate) : undefined);
    const until = Date.parse(certificate.valid_to);
    const from = Date.parse(certificate.valid_from);
    const now = world.now();
    if (now > until)
      found.push(
        tell.found("certificate-expired", { evidence: evidence(), values: { date: dayText(until) } }),
      );
    else if (now < from)
      found.push(
        tell.found("certificate-not-yet", { evidence: evidence(), values: { date: dayText(from) } }),
      );
    else if (until - now < SOON) {
      const days = Math.floor((until - now) / DAY);
      found.push(
        tell.found("certificate-ends-soon", { evidence: evidence(), values: { days, date: dayText(until) } }),
      );
    }
    if (chainError !== undefined && /SELF_SIGNED_CERT$/.test(chainError) && isItsOwn(certificate)) {
      found.push(tell.found("certificate-self-signed", { kind, evidence: evidence() }));
    } else if (chainError !== undefined && !/EXPIRED|NOT_YET/.test(chainError)) {
      found.push(
        tell.found("certificate-untrusted", {
          kind,
          evidence: [chainError, evidence()].filter(Boolean).join("; "),
        }),
      );
    }
    if (nameError !== undefined) {
      const values = { host: subject.host, names: namesOf(certificate) };
      found.push(tell.found("certificate-name", { kind, evidence: evidence(), values }));
    }
    return found.length > 0
      ? found
      : [tell.ok(`The certificate is valid until ${dayText(until)}`, evidence())];
  },
});

function isItsOwn({ subject, issuer }: PeerCertificate): boolean {
  return JSON.stringify(subject) === JSON.stringify(issuer);
}

function namesOf({ subjectaltname, subject }: PeerCertificate): string {
  return subjectaltname?.replaceAll("DNS:", "").replaceAll("IP Address:", "") ?? oneOf(subject?.CN);
}

function described(certificate: PeerCertificate): string {
  const { subject, issuer, fingerprint256 } = certificate;
  return `${oneOf(subject?.CN)}, of ${oneOf(issuer?.CN ?? issuer?.O)}, SHA-256 ${fingerprint256}`;
}

/** A certificate may have several. */
function oneOf(name: string | readonly string[] | undefined): string {
  return (typeof name === "string" ? name : name?.[0]) ?? "no name";
}

function dayText(time: number): string {
  return Number.isNaN(time) ? "an unknown day" : new Date(time).toISOString().slice(0, 10);
}
