/** What the network or a server did; `tries` says how many more tries are worth it. */
export class TransferError extends Error {
  override name = 'TransferError';
  /** Of the server's answer, where that is what is wrong. */
  readonly status: number | undefined;

  constructor(
    message: string,
    readonly tries: number,
    { status, cause }: { status?: number; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.status = status;
  }
}

/** Whether the reason of an error is that there is no such file; whatever else is wrong, there may be one. */
export function isNotFound(error: unknown): boolean {
  if (error instanceof TransferError) return error.status === 404 || error.status === 410;
  if (typeof error !== 'object' || error === null) return false;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return code === 'ENOENT' || isNotFound(cause);
}
