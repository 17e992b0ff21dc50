/** Protection (RFC 2228, with the meaning that RFC 4217 gives it for TLS): AUTH, PBSZ, PROT, CCC. */
import { type Reply, reply } from "../../protocol/reply.js";
import { none, requiredText } from "../argument.js";
import { defineCommand } from "../command.js";
import type { DataProtection } from "../security.js";
import type { Session } from "../session.js";

/**
 * RFC 4217 17 has TLS, and TLS-C for those who know its drafts. There SSL and TLS-P were the names that protect
 * data connections too; lftp still takes them so.
 */
const MECHANISMS: ReadonlyMap<string, DataProtection> = new Map([
  ["TLS", "clear"],
  ["TLS-C", "clear"],
  ["SSL", "private"],
  ["TLS-P", "private"],
]);

const auth = defineCommand({
  verb: "AUTH",
  reference: "RFC 2228 3, RFC 4217 4",
  summary: "Protect the control connection from the reply on: AUTH TLS.",
  argument: requiredText("mechanism-name"),
  feature: (session) => ifTls(session, "AUTH TLS"),
  replies: [234, 431, 502, 503, 504],
  async run({ session, argument }) {
    const { server, security } = session;
    if (server.options.tls === undefined) return reply(502, "TLS is off here.");
    const data = MECHANISMS.get(argument.trim().toUpperCase());
    if (data === undefined) return reply(504, "The mechanism is TLS.");
    if (security.control !== "clear") return reply(503, "AUTH came before.");
    const { host } = session;
    // RFC 4217 4: user, parameters, working directory and data port as at the beginning; HOST stays (RFC 7151 4).
    await session.reset();
    session.host = host;
    try {
      security.changeAfterReply(security.begin(host, data));
    } catch (error) {
      server.tell("warning", { message: "TLS cannot begin", error });
      return reply(431, "TLS is not possible now; try again later.");
    }
    return reply(234, "Begin TLS.");
  },
});

const pbsz = defineCommand({
  verb: "PBSZ",
  reference: "RFC 2228 3, RFC 4217 9",
  summary: "Agree on a buffer size; for TLS it is 0, as there are no buffers.",
  argument: requiredText("decimal-integer"),
  feature: (session) => ifTls(session, "PBSZ"),
  replies: [200, 501, 502, 503],
  run({ session, argument }) {
    const { security } = session;
    const refusal = refusalInClear(session);
    if (refusal !== undefined) return refusal;
    if (!/^ *\d{1,10} *$/.test(argument) || Number(argument) >= 2 ** 32) {
      return reply(501, "Syntax: PBSZ <SP> <decimal-integer>");
    }
    security.bufferSizeAgreed = true;
    return reply(200, "PBSZ=0");
  },
});

const prot = defineCommand({
  verb: "PROT",
  reference: "RFC 2228 3, RFC 4217 9",
  summary: "Choose how data connections are protected: P (private, by TLS), C (clear).",
  argument: requiredText("prot-code"),
  feature: (session) => ifTls(session, "PROT"),
  replies: [200, 502, 503, 504, 534, 536],
  run({ session, argument }) {
    const { server, security } = session;
    const refusal = refusalInClear(session);
    if (refusal !== undefined) return refusal;
    if (!security.bufferSizeAgreed) return reply(503, "Send PBSZ 0 first.");
    switch (argument.trim().toUpperCase()) {
      case "P":
        if (server.options.tls?.data === "off") return reply(534, "Data connections are not protected here.");
        security.data = "private";
        return reply(200, "Data connections are private.");
      case "C":
        if (session.dataMustBePrivate) return reply(534, "Data connections have to be private here.");
        security.data = "clear";
        return reply(200, "Data connections are clear.");
      case "S":
      case "E":
        return reply(536, "TLS has the levels P and C only.");
      default:
        return reply(504, "The levels are P and C.");
    }
  },
});

const ccc = defineCommand({
  verb: "CCC",
  reference: "RFC 2228 3, RFC 4217 5",
  summary: "End the protection of the control connection, for boxes on the way that want to read along.",
  argument: none,
  feature: (session) => (session.server.options.tls?.clearControl ? "CCC" : undefined),
  replies: [200, 502, 533, 534],
  run({ session }) {
    const { server, security } = session;
    if (server.options.tls === undefined) return reply(502, "TLS is off here.");
    if (!security.active) return reply(533, "The control connection is clear.");
    // In clear, everybody on the way could send commands in the name of whoever is logged in.
    if (!server.options.tls.clearControl) return reply(534, "The control connection stays protected.");
    security.changeAfterReply({ kind: "clear" });
    return reply(200, "The control connection is clear from now on.");
  },
});

/** Of what only a protected control connection may agree on. */
function refusalInClear({ server, security }: Session): Reply | undefined {
  if (server.options.tls === undefined) return reply(502, "TLS is off here.");
  if (security.control === "cleared") return reply(503, "Not after CCC.");
  return security.active ? undefined : reply(503, "Send AUTH TLS first.");
}

function ifTls(session: Session, line: string): string | undefined {
  return session.server.options.tls === undefined ? undefined : line;
}

export const TLS = [auth, pbsz, prot, ccc];
