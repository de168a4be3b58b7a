/** No file of src imports itself by way of others, not even for a type. @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [{ name: 'no-circular', severity: 'error', from: {}, to: { circular: true } }],
  options: {
    tsPreCompilationDeps: true, // Imports of types count too.
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
