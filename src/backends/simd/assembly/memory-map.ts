// The first page of the memory: what the threads share to run jobs.

/** Counts jobs; a worker sleeps on it. */
export const GENERATION: usize = 64;
/** 1 while a job may be joined. */
export const OPEN: usize = 128;
/** The next chunk of the job that nobody has taken. */
export const NEXT: usize = 192;
/** Workers that may be reading the job. */
export const ACTIVE: usize = 256;
/** Workers that have started. */
export const READY: usize = 320;
/** Workers asleep on GENERATION. */
export const SLEEPING: usize = 384;
/** Workers with a number of at least this one sleep. The main thread's number is 0. */
export const LIMIT: usize = 448;
/** The number of the job's kernel, and of its chunks. */
export const KERNEL: usize = 512;
export const CHUNKS: usize = 516;
/** The job's arguments, four bytes each. */
export const ARGUMENTS: usize = 1024;

/** The integer argument number i. */
// @ts-ignore: decorator
@inline
export function arg(i: i32): i32 {
  return load<i32>(ARGUMENTS + (<usize>i << 2));
}

/** The argument number i as an address. */
// @ts-ignore: decorator
@inline
export function ptr(i: i32): usize {
  return load<u32>(ARGUMENTS + (<usize>i << 2));
}

/** The argument number i as a float. */
// @ts-ignore: decorator
@inline
export function real(i: i32): f32 {
  return load<f32>(ARGUMENTS + (<usize>i << 2));
}
