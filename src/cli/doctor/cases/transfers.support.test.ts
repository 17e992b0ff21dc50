import type { ScriptedPeer } from "../../../testing/scripted-server.js";
import { dataOf, examined, FILE, SOON, sendData } from "../scene.support.test.js";
import type { Cases } from "./case.support.test.js";

const write = { write: true } as const;

/** Files of others come at once; what is broken off has not ended. */
const endless = async (peer: ScriptedPeer) => {
  peer.reply("150 Here it comes.");
  await peer.flood(FILE, await dataOf(peer));
};

/** The third RETR is the one that is broken off: the first two are those of REST. */
function thirdTime(last: (peer: ScriptedPeer) => Promise<void>) {
  let times = 0;
  let start = 0;
  return {
    REST: (peer: ScriptedPeer, argument: string) => {
      start = Number(argument);
      peer.reply("350 Go on.");
    },
    RETR: async (peer: ScriptedPeer) => {
      times++;
      if (times === 3) return await last(peer);
      await sendData(peer, FILE.subarray(start));
      start = 0;
    },
  };
}

let sessions = 0;

export const transferCases: Cases = {
  "size-missing": () => examined({ script: { answers: { SIZE: "500 What?" } } }),
  "size-differs": () => examined({ script: { answers: { SIZE: "213 4999" } } }),
  "download-refused": () => examined({ script: { answers: { RETR: "550 Permission denied." } } }),
  "rest-missing": () => examined({ script: { answers: { REST: "502 What?" } } }),
  "rest-wrong": () => examined({ script: { answers: { RETR: (peer) => sendData(peer, FILE) } } }),
  "abor-hangs": () =>
    examined({
      script: { answers: { ...thirdTime(endless), ABOR: () => {}, NOOP: () => {} } },
      subject: { timeout: SOON },
    }),
  "abor-closes": () =>
    examined({ script: { answers: { ...thirdTime(endless), ABOR: (peer) => peer.end() } } }),
  "abor-out-of-step": () =>
    examined({
      script: {
        answers: {
          ...thirdTime(endless),
          ABOR: (peer) => peer.send("426 Aborted.\r\n226 Done.\r\n226 Done.\r\n226 Done.\r\n"),
        },
      },
    }),
  "noop-refused": () => examined({ script: { answers: { NOOP: "502 What?" } } }),
  "sessions-limited": () => {
    sessions = 0;
    return examined({
      script: {
        answers: {
          // Two come before: the shared session, and one that is beside it.
          PASS: (peer) => {
            sessions++;
            peer.reply(sessions > 2 ? "530 Too many sessions of this account." : "230 Logged in.");
          },
        },
      },
      subject: { sessions: 4 },
    });
  },
  "write-refused": () => examined({ script: { answers: { STOR: "553 You may not." } }, subject: write }),
  "write-name": () =>
    examined({
      script: {
        answers: {
          STOR: async (peer, name) => {
            if (/[^ -~]/.test(name)) peer.reply("553 No such characters.");
            else await peer.receiveFile();
          },
        },
      },
      subject: write,
    }),
  "write-size": () =>
    examined({
      script: { answers: { SIZE: (peer, name) => peer.reply(name === "file.bin" ? "213 5000" : "213 3") } },
      subject: write,
    }),
  "name-changed": () => {
    let name = "";
    return examined({
      script: {
        answers: {
          STOR: async (peer, argument) => {
            name = argument.normalize("NFD");
            await peer.receiveFile();
          },
          NLST: (peer) => sendData(peer, `${name}\r\n`),
        },
      },
      subject: write,
    });
  },
  "clock-wrong": () => examined({ script: { answers: { MDTM: "213 20261120121000" } }, subject: write }),
  "mdtm-local-time": () => examined({ script: { answers: { MDTM: "213 20261120140000" } }, subject: write }),
  "mfmt-missing": () => examined({ script: { answers: { MFMT: "500 What?" } }, subject: write }),
  "file-left": () => examined({ script: { answers: { DELE: "550 You may not." } }, subject: write }),
};
