import { createSecureContext } from "node:tls";
import type { Finding } from "../finding.js";
import { dataOf, examined, identity, isResumed, type Scene, withTls } from "../scene.support.test.js";
import type { Cases } from "./case.support.test.js";
import { signedBySomebody } from "./signed.support.test.js";

/** The certificate is good, as far as this is about something else. */
async function trusting(
  scene: (pem: Awaited<ReturnType<typeof identity>>) => Scene,
): Promise<readonly Finding[]> {
  const made = await identity();
  const { script, subject, world } = scene(made);
  return await examined({
    script: { ...script, answers: { ...withTls(made.context), ...script?.answers } },
    subject: { host: "localhost", tls: "explicit", tlsOptions: { ca: made.pem }, ...subject },
    world: { now: () => Date.now(), ...world },
  });
}

/** A data connection in TLS that the server judges by whether it resumes. */
const LISTING_IF = (isGood: (resumed: boolean) => boolean) => ({
  LIST: async (peer: Parameters<typeof dataOf>[0]) => {
    peer.reply("150 Here it comes.");
    const socket = await dataOf(peer);
    const good = isGood(isResumed(socket));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume().end(good ? "-rw-r--r-- 1 a b 5000 Nov 20 11:30 file.bin\r\n" : "");
    await closed;
    peer.reply(good ? "226 Done." : "522 SSL connection failed; session reuse required.");
  },
});

export const tlsCases: Cases = {
  "tls-missing": () => examined({ subject: { tls: "auto" } }),
  "tls-handshake": () =>
    examined({
      script: {
        answers: {
          AUTH: (peer) => {
            peer.reply("234 Begin.");
            peer.socket.once("data", () => peer.socket.end("this is no TLS\r\n"));
          },
        },
      },
      subject: { tls: "auto" },
    }),
  "tls-injection": () =>
    examined({
      script: { answers: { AUTH: (peer) => peer.send("234 Begin.\r\n230 You are in.\r\n") } },
      subject: { tls: "auto" },
    }),
  "certificate-expired": async () => {
    const old = await identity(11 * 365);
    return await examined({
      script: { answers: withTls(old.context) },
      subject: { tls: "auto", tlsOptions: { ca: old.pem } },
      world: { now: () => Date.now() },
    });
  },
  "certificate-not-yet": async () => {
    const early = await identity(-30);
    return await examined({
      script: { answers: withTls(early.context) },
      subject: { tls: "auto", tlsOptions: { ca: early.pem } },
      world: { now: () => Date.now() },
    });
  },
  "certificate-ends-soon": async () => {
    const late = await identity(3640);
    return await examined({
      script: { answers: withTls(late.context) },
      subject: { host: "localhost", tls: "explicit", tlsOptions: { ca: late.pem } },
      world: { now: () => Date.now() },
    });
  },
  "certificate-self-signed": () => trusting(() => ({ subject: { tlsOptions: {} } })),
  "certificate-untrusted": async () => {
    const pem = await signedBySomebody("localhost");
    return await examined({
      script: { answers: withTls(createSecureContext({ key: pem, cert: pem })) },
      subject: { host: "localhost", tls: "explicit" },
      world: { now: () => Date.now() },
    });
  },
  "certificate-name": async () => {
    const other = await identity(1, ["ftp.example"]);
    return await examined({
      script: { answers: withTls(other.context) },
      subject: { host: "localhost", tls: "explicit", tlsOptions: { ca: other.pem } },
      world: { now: () => Date.now() },
    });
  },
  "tls-only-old": async () => {
    const { pem } = await identity();
    return await examined({
      script: { answers: withTls(oldContext(pem, "TLSv1.1")) },
      subject: { tls: "auto", tlsOptions: { ca: pem } },
    });
  },
  "tls-old-allowed": async () => {
    const { pem } = await identity();
    return await examined({
      script: { answers: withTls(oldContext(pem, "TLSv1.3")) },
      subject: { tls: "auto", tlsOptions: { ca: pem } },
    });
  },
  "data-in-clear": () => trusting(() => ({ script: { answers: { PROT: "534 No." } } })),
  "data-tls": () =>
    trusting(() => ({
      script: {
        answers: {
          LIST: async (peer) => {
            peer.reply("150 Here it comes.");
            (await peer.data()).destroy();
            peer.reply("425 TLS failed.");
          },
        },
      },
    })),
  "tls-reuse-required": () => trusting(() => ({ script: { answers: LISTING_IF((resumed) => resumed) } })),
  "tls-not-resumed": () =>
    trusting(({ pem, context }) => ({
      script: { answers: withTls(context, () => createSecureContext({ key: pem, cert: pem })) },
    })),
  "tls-reuse-breaks": () => trusting(() => ({ script: { answers: LISTING_IF((resumed) => !resumed) } })),
};

function oldContext(pem: string, maxVersion: "TLSv1.1" | "TLSv1.3") {
  return createSecureContext({
    key: pem,
    cert: pem,
    minVersion: "TLSv1",
    maxVersion,
    ciphers: "DEFAULT@SECLEVEL=0",
  });
}
