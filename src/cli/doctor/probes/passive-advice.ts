/** What EPSV and PASV have in common when their ports cannot be reached. */
import type { Advice } from "../finding.js";

export const PASSIVE_PORT_SETTINGS = {
  vsftpd: "pasv_min_port, pasv_max_port",
  ProFTPD: "PassivePorts",
  "Pure-FTPd": "PassivePortRange",
  "FileZilla Server": "Passive mode, custom port range",
  "Microsoft FTP Service": "FTP Firewall Support, Data Channel Port Range",
  pyftpdlib: "handler.passive_ports",
  SFTPGo: "passive_port_range",
  Ferry: "--passive-ports",
} as const;

export const PASSIVE_MODE_SETTINGS = {
  ...PASSIVE_PORT_SETTINGS,
  vsftpd: "pasv_enable=YES, pasv_min_port, pasv_max_port",
} as const;

export const OPEN_PORTS: readonly Advice[] = [
  {
    side: "server",
    what: "Give it a small range of passive ports; seen were {ports}.",
    settings: PASSIVE_PORT_SETTINGS,
  },
  {
    side: "network",
    what: "Let TCP connections to that range through the server's firewall, and forward it to the server where there is NAT.",
  },
];
