// How Winograd's convolutions lay out their work; read by AssemblyScript and by TypeScript.

/** Bytes between two planes of one kind: planes whose distance is a power of two would share lines of the caches. */
export const PLANE_GAP = 64;
/** Parts that the products of one plane of a filter's gradient are shared out in. */
export const FILTER_PARTS = 4;
/** Tiles that one thread transforms for a filter's gradient: two threads would share lines of the caches otherwise. */
export const FILTER_TILES = 8;
