/** What provokes the codes of information and negotiation. */
import { type Cases, casesOf, failing, sent, sentBeforeLogin } from "./case.js";

export const INFORMATION_CASES: Cases = {
  ...casesOf("SYST", { 215: sent("SYST") }),
  ...casesOf("NOOP", { 200: sent("NOOP") }),
  ...casesOf("HELP", {
    214: sent("HELP RETR"),
    501: sent("HELP NONSENSE"),
  }),
  ...casesOf("STAT", {
    211: sent("STAT"),
    212: sent("STAT folder"),
    213: sent("STAT file"),
    450: sent("STAT missing"),
    451: sent("STAT folder", failing("list", "failed")),
  }),
  ...casesOf("SITE", {
    500: sent("SITE NONSENSE"),
    501: sent("SITE"),
    // Its own codes are those of the commands behind it.
    200: sent("SITE CHMOD 644 file"),
  }),
  ...casesOf("SITE HELP", { 214: sent("SITE HELP") }),
  ...casesOf("SITE IDLE", {
    200: sent("SITE IDLE 100"),
    501: sent("SITE IDLE long"),
  }),
  ...casesOf("FEAT", { 211: sent("FEAT") }),
  ...casesOf("OPTS", {
    200: sent("OPTS UTF8 ON"),
    501: sent("OPTS NONSENSE"),
    504: sent("OPTS UTF8 OFF"),
  }),
  ...casesOf("LANG", {
    200: sent("LANG en-GB"),
    501: sent("LANG 1"),
    504: sent("LANG fr"),
  }),
  ...casesOf("CLNT", { 200: sent("CLNT test") }),
  ...casesOf("CSID", { 200: sent("CSID Name=test; Version=1;") }),
  ...casesOf("HOST", {
    220: sentBeforeLogin("HOST ftp.example", { server: { hostNames: ["ftp.example"] } }),
    501: sentBeforeLogin("HOST -"),
    503: sent("HOST ftp.example"),
    504: sentBeforeLogin("HOST other.example"),
  }),
};
