import '#backends';
import '../../src/backends/gradients.js';

// The servers of tests are on this machine.
for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'])
  Reflect.deleteProperty(process.env, name);
