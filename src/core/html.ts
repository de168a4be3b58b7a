/** Whether bytes are a page of HTML, or its begin: no file of weights, images or JSON begins so. */
export function isHtml(bytes: Uint8Array): boolean {
  const begin = new TextDecoder().decode(bytes.subarray(0, 4096)).trimStart();
  return /^(<!--.*?-->\s*)*(<!doctype\s+html|<html[\s>])/is.test(begin);
}
