export { ready } from '#backends';
export type { ReadyOptions } from './ready.js';
