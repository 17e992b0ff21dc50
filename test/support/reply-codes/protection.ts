/** What provokes the codes of TLS: of AUTH, PBSZ, PROT and CCC, and of logins and transfers in it. */
import type { RawClient } from "ferry/testing";
import { testCertificates } from "../certificates.js";
import { testIdentities, USER } from "../server.js";
import type { Serving, ServingOptions } from "../session.js";
import { TlsClient, type TlsClientOptions } from "../tls-client.js";
import { type Answer, type Case, type Cases, casesOf, sentBeforeLogin } from "./case.js";
import { wantsAccount } from "./login.js";

const identities = await testIdentities();
const { authority } = await testCertificates();
const ofClient = await authority.issue({ name: USER });

type Tls = NonNullable<NonNullable<ServingOptions["server"]>["tls"]>;

function withTls(tls: Partial<Tls> = {}, account: ServingOptions["account"] = {}): ServingOptions {
  return { server: { tls: { identities, ...tls }, timeouts: { tlsHandshake: 300 } }, account };
}

/** Of a second client, in TLS; the first one stands by. */
function inTls(
  use: (client: TlsClient, served: Serving) => Promise<Answer>,
  {
    o = withTls(),
    login = true,
    ...how
  }: { o?: ServingOptions; login?: boolean } & Partial<TlsClientOptions> = {},
): Case {
  return {
    o,
    login: false,
    async provoke(_standingBy, served) {
      await using client = await TlsClient.open({ port: served.port, ...how }, { login });
      return await use(client, served);
    },
  };
}

/** A command in TLS, after others that must succeed. */
function sentInTls(line: string, o = withTls(), ...before: readonly string[]): Case {
  return inTls(
    async (client) => {
      for (const first of before) await client.expect(first, 200);
      return await client.command(line);
    },
    { o },
  );
}

/** A transfer with the data connection in clear, where PROT P was said. */
function clearWherePrivate(move: (client: RawClient) => Promise<Answer>): Case {
  return inTls(async (client) => {
    await client.protect();
    return await move(client);
  });
}

const transfers = ["RETR file", "STOR new", "APPE new", "STOU", "LIST", "NLST", "MLSD"];

const TRANSFER_CASES: Cases = Object.fromEntries(
  transfers.flatMap((line) => {
    const verb = line.replace(/ .*/, "");
    const receives = /^(?:STOR|APPE|STOU)/.test(line);
    return [
      [`${verb} 521`, sentInTls(line, withTls({ data: "require" }), "PBSZ 0")],
      [
        `${verb} 522`,
        clearWherePrivate(async (client) =>
          receives ? await client.upload(line, "text") : (await client.download(line)).replies,
        ),
      ],
    ];
  }),
);

const NOBODY = {
  all: identities.all,
  choose(): never {
    throw new Error("no certificate now");
  },
};

/** USER of somebody whose certificate is enough. */
function byCertificate(more: ServingOptions = {}): Case {
  const clients = { mode: "request", authorities: { certificates: authority.certificate } } as const;
  return inTls((client) => client.command(`USER ${USER}`), {
    o: { ...withTls({ clients }, { certificates: ["common-name"] }), ...more },
    login: false,
    key: ofClient.key,
    cert: ofClient.certificate,
  });
}

export const PROTECTION_CASES: Cases = {
  ...TRANSFER_CASES,
  ...casesOf("USER", {
    232: byCertificate(),
    332: byCertificate(wantsAccount),
  }),
  ...casesOf("AUTH", {
    234: {
      o: withTls(),
      login: false,
      async provoke(_standingBy, served) {
        // What follows would have to be TLS.
        await using client = await served.connect();
        return await client.command("AUTH TLS");
      },
    },
    431: sentBeforeLogin("AUTH TLS", withTls({ identities: NOBODY })),
    502: sentBeforeLogin("AUTH TLS"),
    503: sentInTls("AUTH TLS"),
    504: sentBeforeLogin("AUTH GSSAPI", withTls()),
  }),
  ...casesOf("PBSZ", {
    200: sentInTls("PBSZ 0"),
    "501 for what is no number": sentInTls("PBSZ none"),
    502: sentBeforeLogin("PBSZ 0"),
    503: sentBeforeLogin("PBSZ 0", withTls()),
  }),
  ...casesOf("PROT", {
    200: sentInTls("PROT P", withTls(), "PBSZ 0"),
    502: sentBeforeLogin("PROT P"),
    503: sentInTls("PROT P"),
    504: sentInTls("PROT X", withTls(), "PBSZ 0"),
    534: sentInTls("PROT C", withTls({ data: "require" }), "PBSZ 0"),
    "534 where data connections stay clear": sentInTls("PROT P", withTls({ data: "off" }), "PBSZ 0"),
    536: sentInTls("PROT S", withTls(), "PBSZ 0"),
  }),
  ...casesOf("CCC", {
    200: sentInTls("CCC", withTls({ clearControl: true })),
    502: sentBeforeLogin("CCC"),
    533: sentBeforeLogin("CCC", withTls()),
    534: sentInTls("CCC"),
  }),
};
