/** How servers are told how many sessions one account or address may have. */
export const SESSION_LIMITS = {
  vsftpd: "max_clients, max_per_ip",
  ProFTPD: "MaxClientsPerUser, MaxClientsPerHost",
  "Pure-FTPd": "MaxClientsPerIP",
  Ferry: "--max-sessions-per-address, `ferry user set --max-sessions`",
} as const;
