/** @type {import('next').NextConfig} */
export default {
  // The build by Turbopack checks the types.
  typescript: { ignoreBuildErrors: process.argv.includes('--webpack') },
};
