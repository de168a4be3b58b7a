import { check, checkOptions } from '../../core/errors.js';
import type { RemoteFile } from './remote-file.js';

/** Where `hf://` leads. */
export interface HubOptions {
  /** Address of the hub or of a mirror. Default the environment's `HF_ENDPOINT`, or else https://huggingface.co. */
  readonly endpoint?: string;
  /** For what is not public; sent to the endpoint alone. Default the environment's `HF_TOKEN`, or else none. */
  readonly token?: string;
}

const pattern = /^hf:\/\/([\w.-]+)\/([\w.-]+)(?:@([\w.-]+))?\/((?:[\w.+-]+\/)*[\w.+-]+)$/;

/**
 * The address of `hf://owner/name[@revision]/file`; a revision is a branch, tag or commit without a slash, default `main`.
 * @throws ArgumentError where the address is not of this form.
 */
export function hubFile(source: string, options: HubOptions = {}): RemoteFile {
  checkOptions('hub', options, { endpoint: true, token: true });
  const match = pattern.exec(source);
  check(
    match !== null && !/[/@]\.{1,2}(\/|$)/.test(source),
    () => `'${source}' is no file of the hub; give hf://owner/name/file or hf://owner/name@revision/file.`,
  );
  const [, owner, name, revision = 'main', file] = match;
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const endpoint = options.endpoint ?? (process?.env?.['HF_ENDPOINT'] || 'https://huggingface.co');
  check(
    URL.canParse(endpoint) && /^https?:/i.test(endpoint),
    () =>
      `The hub's endpoint (HF_ENDPOINT) is '${endpoint}'; give an address such as https://huggingface.co.`,
  );
  const token = (options.token ?? process?.env?.['HF_TOKEN'])?.trim();
  check(
    token === undefined || /^[\x21-\x7e]*$/.test(token),
    () =>
      'The token of the hub (HF_TOKEN) has a space or another character that no token has; copy it again.',
  );
  const host = new URL(endpoint).host.replace(':', '_');
  return {
    place: ['hub', host, owner!, name!, revision, ...file!.split('/')],
    url: `${endpoint.replace(/\/+$/, '')}/${owner}/${name}/resolve/${revision}/${file}`,
    headers: token ? { authorization: `Bearer ${token}` } : {},
  };
}
