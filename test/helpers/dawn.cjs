/** npm's webgpu for jest, which cannot load its ES module: the addon that it loads. */
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const loader = '/usr/lib/chromium/libvulkan.so.1';
if (existsSync(loader)) {
  // Debian's chromium has Vulkan's loader in its folder. Opened here and kept (RTLD_LAZY | RTLD_NODELETE), Dawn finds it by its name.
  try {
    process.dlopen({ exports: {} }, loader, 0x1001);
  } catch {
    // It is no addon of Node.
  }
}
const platform = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`;
const { create, globals } = require(
  join(__dirname, '..', '..', 'node_modules', 'webgpu', 'dist', platform, 'dawn.node'),
);
// SwiftShader takes seconds to compile a program that has zeros set in the workgroup's memory first; ours set all that they read.
module.exports = {
  create: (options) => create([...options, 'enable-dawn-features=disable_workgroup_init']),
  globals,
};
