import { crcBy } from './crc.js';

/** The CRC-32C, by Castagnoli's polynomial. */
export const crc32c = crcBy(0x82f63b78);
