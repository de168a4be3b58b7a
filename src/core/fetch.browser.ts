/** As the platform's `fetch`. */
export function fetchWeb(url: string, options: RequestInit): Promise<Response> {
  return fetch(url, options);
}
