/** The FTP servers of others that the client is tested with. */
export { inetutils } from "./inetutils.js";
export { unlessServers } from "./packages.js";
export { proftpd } from "./proftpd.js";
export { pureFtpd } from "./pure-ftpd.js";
export { pyftpdlib } from "./pyftpdlib.js";
export type { RealServerKind, RealServerOptions, RealTls } from "./real-server.js";
export { RealServer } from "./real-server.js";
export { vsftpd } from "./vsftpd.js";
