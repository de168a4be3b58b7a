import { crcBy, type Crc } from './crc.js';

const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
const zlib = process?.getBuiltinModule?.('node:zlib') as { crc32?: Crc } | undefined;

/** The CRC-32 of zip and gzip. Node has it compiled, from 20.15 and 22.2 on. */
export const crc32: Crc = zlib?.crc32 ?? crcBy(0xedb88320);
