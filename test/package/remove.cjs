const { rmSync } = require('node:fs');

/** Removes what install.cjs made. */
module.exports = async () => rmSync(process.env.SKIPSCALE_INSTALLED, { recursive: true });
