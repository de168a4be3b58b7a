/** The body of a response to GET; throws an Error that names the URL where there is none. */
export async function fetchBytes(url: string | URL): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new Error(`${String(url)} cannot be fetched (${(error as Error).message}).`, { cause: error });
  }
  if (!response.ok)
    throw new Error(`${String(url)} cannot be fetched: the server answered ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}
