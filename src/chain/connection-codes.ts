/** Whether the code of an error says that a connection could not be made, or was lost. */
export function isConnectionCode(code: string): boolean {
  return CONNECTION_CODES.has(code) || /^EAI_/.test(code) || TLS_CODE.test(code);
}

/** Of system calls: https://man7.org/linux/man-pages/man3/errno.3.html */
const CONNECTION_CODES: ReadonlySet<string> = new Set([
  "EADDRNOTAVAIL",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "ENETUNREACH",
  "ENOTCONN",
  "ENOTFOUND",
  "EPIPE",
  "EPROTO", // TLS with somebody who does not speak it
  "ESHUTDOWN",
  "ETIMEDOUT",
]);

/** Of OpenSSL (`ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE`), and of what Node.js checks in a certificate. */
const TLS_CODE =
  /^(ERR_SSL_[\w/]+|ERR_TLS_CERT_ALTNAME_INVALID|ERR_TLS_HANDSHAKE_TIMEOUT|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_\w+|HOSTNAME_MISMATCH)$/;
