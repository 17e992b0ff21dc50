import { checkServerIdentity } from "node:tls";
import { Breakdown, type Conversation, replyText } from "../conversation.js";
import { defineProbe } from "../probe.js";
import type { Visit } from "../visit.js";

export const tls = defineProbe({
  id: "tls",
  section: "TLS",
  title: "whether the control connection can be protected",
  needs: ["greeting"],
  troubles: {
    "tls-missing": {
      kind: "note",
      text: "The server offers no TLS: name, password and files go in clear",
      cause: "AUTH TLS (RFC 4217) is refused: TLS is not configured, or not built in.",
      change: [
        {
          side: "server",
          what: "Give it a certificate and turn TLS on.",
          settings: {
            vsftpd: "ssl_enable=YES, rsa_cert_file, rsa_private_key_file",
            ProFTPD: "TLSEngine on, TLSRSACertificateFile (mod_tls)",
            "Pure-FTPd": "TLS 1, CertFile",
            pyftpdlib: "TLS_FTPHandler",
            Ferry: "--tls-cert and --tls-key, or --tls-self-signed",
          },
        },
      ],
      weight: 50,
    },
    "tls-handshake": {
      kind: "problem",
      text: "The server agrees to TLS, and then TLS does not come about",
      cause:
        "Certificate and key do not fit, both sides have no version or cipher in common, or a middlebox interferes.",
      change: [
        {
          side: "server",
          what: "Check certificate, key, and the allowed versions and ciphers: TLS 1.2 or 1.3 is needed.",
        },
        {
          side: "client",
          what: "If the server wants a certificate of yours, give it with --cert and --key.",
        },
        { side: "network", what: 'Turn FTP inspection off in firewalls between ("ALG", "inspect ftp").' },
      ],
      weight: 90,
    },
    "tls-injection": {
      kind: "problem",
      text: "Text in clear came behind the answer to AUTH TLS, before TLS began",
      cause:
        "Somebody on the way adds to what the server says, or the server is broken. Nothing of it can be trusted.",
      change: [
        { side: "network", what: "Find out who is between: this is how an attack looks (CVE-2021-22947)." },
        { side: "server", what: "Update the server." },
      ],
      weight: 100,
    },
  },
  applies: ({ subject }) => subject.tls !== "off",
  async run(visit, tell) {
    const { facts, subject } = visit;
    const conversation = await visit.connected();
    try {
      if (subject.tls !== "implicit") {
        await conversation.completion();
        const reply = await conversation.ask("AUTH", "TLS");
        if (reply.code !== 234) {
          if (subject.tls === "auto") facts.security = "clear";
          const kind = subject.tls === "auto" ? undefined : ("problem" as const);
          return [tell.found("tls-missing", { evidence: replyText(reply), kind })];
        }
      }
      return [tell.ok(await protect(visit, conversation))];
    } catch (error) {
      if (!(error instanceof Breakdown)) throw error;
      if (error.reason === "injected") return [tell.found("tls-injection", { evidence: error.heard })];
      if (error.reason === "handshake") return [tell.found("tls-handshake", { evidence: error.message })];
      throw error;
    } finally {
      await conversation.close();
    }
  },
});

async function protect(visit: Visit, conversation: Conversation): Promise<string> {
  const { facts, subject } = visit;
  const secured = await conversation.secure(visit.tlsOptions());
  const certificate = secured.getPeerCertificate();
  const nameError = checkServerIdentity(subject.host, certificate)?.message;
  // Node has an Error in some versions and its code in others.
  const { code = String(secured.authorizationError) } = Object(secured.authorizationError) as {
    code?: string;
  };
  const isAboutChain = !secured.authorized && code !== "ERR_TLS_CERT_ALTNAME_INVALID";
  facts.tlsPeer = { certificate, chainError: isAboutChain ? code : undefined, nameError };
  // A password goes to a server that cannot prove who it is only where nobody asked for that proof.
  const isProven = secured.authorized && nameError === undefined;
  if (isProven || subject.tlsOptions.insecure === true || subject.tls === "auto") facts.security = "tls";
  const how = subject.tls === "implicit" ? "TLS from the first byte" : "AUTH TLS";
  return `${how} works: ${secured.getProtocol()}, ${secured.getCipher().name}`;
}
