import { formatExtendedPassiveReply, formatPassiveReply, parsePort } from "../../../protocol/host-port.js";
import type { ScriptedPeer } from "../../../testing/scripted-server.js";
import { closedPort, examined, HangingPort, listLine, NOW, SOON, sendData } from "../scene.support.test.js";
import type { Cases } from "./case.support.test.js";

/** A 227 with this address, and a port that works. */
const telling = (address: string) => async (peer: ScriptedPeer) =>
  peer.reply(`227 ${formatPassiveReply({ address, port: await peer.listen() })}`);

/** As {@link sendData}, but not over the first data connection. */
const refusingFirst = () => {
  let times = 0;
  return (peer: ScriptedPeer) =>
    times++ === 0 ? peer.reply("425 Not over this one.") : sendData(peer, listLine(NOW - 1_800_000));
};

const NO_PASSIVE = { EPSV: "500 No.", PASV: "500 No." };

export const dataCases: Cases = {
  "epsv-refused": () => examined({ script: { answers: { EPSV: "500 What?" } } }),
  "epsv-no-port": () => examined({ script: { answers: { EPSV: "425 No port." } } }),
  "pasv-no-port": () => examined({ script: { answers: { PASV: "425 No port." } } }),
  "epsv-unreadable": () => examined({ script: { answers: { EPSV: "229 Entering Extended Passive Mode" } } }),
  "epsv-port-closed": async () => {
    const port = await closedPort();
    return await examined({ script: { answers: { EPSV: `229 ${formatExtendedPassiveReply(port)}` } } });
  },
  "epsv-port-hangs": async () => {
    await using hanging = await HangingPort.open();
    const EPSV = `229 ${formatExtendedPassiveReply(hanging.port)}`;
    return await examined({ script: { answers: { EPSV } }, subject: { timeout: SOON } });
  },
  "data-way-fails": () => examined({ script: { answers: { LIST: refusingFirst() } } }),
  "passive-refused": () => examined({ script: { answers: NO_PASSIVE } }),
  "pasv-refused": () => examined({ script: { answers: { PASV: "502 What?" } } }),
  "pasv-unreadable": () =>
    examined({ script: { answers: { PASV: "227 Entering Passive Mode (ftp.example)" } } }),
  "pasv-address-private": () => examined({ script: { answers: { PASV: telling("10.0.0.5") } } }),
  "pasv-address-zero": () => examined({ script: { answers: { PASV: telling("0.0.0.0") } } }),
  "pasv-address-foreign": () => examined({ script: { answers: { PASV: telling("203.0.113.7") } } }),
  "pasv-port-closed": async () => {
    const PASV = `227 ${formatPassiveReply({ address: "127.0.0.1", port: await closedPort() })}`;
    return await examined({ script: { answers: { PASV } } });
  },
  "pasv-port-hangs": async () => {
    await using hanging = await HangingPort.open();
    const PASV = `227 ${formatPassiveReply({ address: "127.0.0.1", port: hanging.port })}`;
    return await examined({ script: { answers: { PASV } }, subject: { timeout: SOON } });
  },
  "data-none": () => examined({ script: { answers: { ...NO_PASSIVE, PORT: "500 No." } } }),
  "data-refused": () => examined({ script: { answers: { LIST: "550 You may not." } } }),
  "data-stalls": () =>
    examined({
      script: {
        answers: {
          LIST: async (peer) => {
            peer.reply("150 Here it comes.");
            (await peer.data()).write("-rw-r--r-- 1 a");
          },
        },
      },
      subject: { timeout: SOON },
    }),
  "data-breaks": () =>
    examined({
      script: {
        answers: {
          LIST: async (peer) => {
            peer.reply("150 Here it comes.");
            (await peer.data()).resetAndDestroy();
            peer.reply("426 Broken.");
          },
        },
      },
    }),
  "data-unconfirmed": () =>
    examined({
      script: {
        answers: {
          LIST: async (peer) => {
            peer.reply("150 Here it comes.");
            (await peer.data()).resume().end("-rw-r--r-- 1 a b 5 Nov 20 11:30 file.bin\r\n");
          },
        },
      },
      subject: { timeout: SOON },
    }),
  "active-refused": () => examined({ script: { answers: { PORT: "500 Illegal PORT command." } } }),
  "active-unreachable": () =>
    examined({
      script: {
        answers: {
          PORT: (peer, argument) => {
            refusing.add(peer);
            peer.reply(parsePort(argument) === undefined ? "501 No." : "200 Okay.");
          },
          EPSV: async (peer) => {
            refusing.delete(peer);
            peer.reply(`229 ${formatExtendedPassiveReply(await peer.listen())}`);
          },
          LIST: async (peer) => {
            if (refusing.has(peer)) peer.reply("425 Cannot open data connection.");
            else await peer.sendFile("-rw-r--r-- 1 a b 5000 Nov 20 11:30 file.bin\r\n");
          },
        },
      },
    }),
};

/** Sessions whose last word on data connections was PORT. */
const refusing = new WeakSet<ScriptedPeer>();
