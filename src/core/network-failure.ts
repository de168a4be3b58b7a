import { TransferError } from './transfer-error.js';

/** Node's codes of what another try soon would not mend: no such host, no network, no server. */
const noServer = ['ENOTFOUND', 'ECONNREFUSED', 'ENETUNREACH'];

const UNKNOWN_AUTHORITY =
  'its certificate is signed by none of the authorities that Node knows; where it is one of yours, ' +
  'set NODE_EXTRA_CA_CERTS to the file of its certificate (PEM)';

/** What is wrong with a server's certificate, by Node's code. */
const certificates: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED:
    'its certificate has expired; ask who runs the server, and look at the clock of this computer',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

/**
 * What `fetch` failed of: no connection, or one that broke. Node says why in the cause, browsers do not say. A TransferError
 * stays as it is.
 * @param received - How many bytes came before.
 */
export function networkFailure(error: unknown, received: number): TransferError {
  if (error instanceof TransferError) return error;
  const { message, cause } = error as Error;
  const { message: reason, code = '' } = (cause ?? {}) as { message?: string; code?: string };
  const certificate = certificates[code];
  const isFinal = noServer.includes(code) || certificate !== undefined;
  // EAI_AGAIN is what Node says without a network, too.
  const wasBroken = received > 0 || (cause !== undefined && code !== 'EAI_AGAIN');
  const tries = isFinal ? 0 : wasBroken ? Infinity : 1;
  return new TransferError(certificate ?? (reason || code || message), tries, { cause: error });
}
