import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildResNet, encode } from '../../src/index.js';
import { skipscale, skipscaleInTerminal } from '../helpers/skipscale.js';
import { imageFile } from '../vision/golden-vision.js';

/** Classifies with weights of a server that takes so long for them, in milliseconds; what is on standard error. */
async function downloading(time: number, isTTY: boolean, { length = true } = {}): Promise<string> {
  const model = buildResNet(20, { seed: 1 });
  const bytes = await encode(model);
  model.dispose();
  const server = createServer(({ url }, response) => {
    if (!url!.endsWith('.safetensors')) return response.writeHead(404).end();
    if (length) response.setHeader('content-length', bytes.length);
    response.write(bytes.subarray(0, 500_000));
    setTimeout(() => response.write(bytes.subarray(500_000, 1_000_000)), time);
    setTimeout(() => response.end(bytes.subarray(1_000_000)), time + 100);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.safetensors`;
  const program = isTTY ? skipscaleInTerminal : skipscale;
  try {
    const { status, stdout, stderr } = await program('classify', imageFile('rgb.png'), '--weights', address);
    expect(status).toBe(0);
    expect(stdout).toContain('%');
    return stderr;
  } finally {
    server.close();
  }
}

test('a download of more than a moment has a bar where a person watches', async () => {
  expect(await downloading(700, true)).toMatch(/=+-* \d\.\d of 1\.1 MB/);
  expect(await downloading(700, true, { length: false })).toMatch(/\d\.\d of \? MB/);
  expect(await downloading(700, false)).toBe('');
  const now = jest.spyOn(Date, 'now').mockReturnValue(0); // No time passes.
  expect(await downloading(0, true)).toBe('');
  now.mockRestore();
});
