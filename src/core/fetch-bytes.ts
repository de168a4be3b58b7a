/** The body of a response to GET; throws an Error that names the URL where there is none. */
export async function fetchBytes(url: string | URL): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    // Node only says "fetch failed", and why in the cause.
    const { message, cause } = error as Error;
    const reason = (cause as Error | undefined)?.message || message;
    throw new Error(`${String(url)} cannot be fetched (${reason}).`, { cause: error });
  }
  if (!response.ok)
    throw new Error(`${String(url)} cannot be fetched: the server answered ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}
