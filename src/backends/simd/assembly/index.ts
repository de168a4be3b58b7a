import { ACTIVE, CHUNKS, GENERATION, KERNEL, LIMIT, NEXT, OPEN, READY, SLEEPING } from './memory-map';
import { dispatch } from './dispatch';

/**
 * Looks at GENERATION before a worker falls asleep: about a millisecond, longer than JavaScript between two jobs, since
 * to wake a thread takes longer than many a job.
 */
const SPINS: i32 = 500_000;

/** Runs all chunks of a job, whose arguments are in place, with every worker that is awake in time. */
export function run(kernel: i32, chunks: i32): void {
  if (chunks == 1 || atomic.load<i32>(LIMIT) < 2 || atomic.load<i32>(READY) == 0) {
    for (let chunk = 0; chunk < chunks; chunk++) dispatch(kernel, chunk, 0);
    return;
  }
  store<i32>(KERNEL, kernel);
  store<i32>(CHUNKS, chunks);
  atomic.store<i32>(NEXT, 0);
  atomic.store<i32>(OPEN, 1);
  wake();
  take(kernel, chunks, 0);
  // A worker raises ACTIVE before it looks at OPEN, so whoever came in is seen here, and whoever is not finds it shut.
  atomic.store<i32>(OPEN, 0);
  while (atomic.load<i32>(ACTIVE) != 0) {}
}

/** Tells the workers to look around. */
function wake(): void {
  atomic.add<i32>(GENERATION, 1);
  if (atomic.load<i32>(SLEEPING) != 0) atomic.notify(GENERATION, -1);
}

/** A worker's life: it joins jobs while its number is below LIMIT, and sleeps when there is nothing to do. */
export function work(thread: i32): void {
  let seen = atomic.load<i32>(GENERATION);
  let spins = 0;
  atomic.add<i32>(READY, 1);
  while (true) {
    const limit = atomic.load<i32>(LIMIT);
    if (thread >= limit) {
      atomic.wait<i32>(LIMIT, limit, -1);
      continue;
    }
    if (atomic.load<i32>(GENERATION) == seen) {
      if (++spins > SPINS) {
        atomic.add<i32>(SLEEPING, 1);
        atomic.wait<i32>(GENERATION, seen, -1);
        atomic.sub<i32>(SLEEPING, 1);
        spins = 0;
      }
      continue;
    }
    seen = atomic.load<i32>(GENERATION);
    spins = 0;
    atomic.add<i32>(ACTIVE, 1);
    // LIMIT may have fallen meanwhile, and the job has workspace for so many threads only.
    const joins = atomic.load<i32>(OPEN) != 0 && thread < atomic.load<i32>(LIMIT);
    if (joins) take(load<i32>(KERNEL), load<i32>(CHUNKS), thread);
    atomic.sub<i32>(ACTIVE, 1);
  }
}

/** Lets workers with numbers below `limit` join jobs from now on. */
export function setLimit(limit: i32): void {
  atomic.store<i32>(LIMIT, limit);
  atomic.notify(LIMIT, -1);
  wake();
}

/** How many workers have started. */
export function ready(): i32 {
  return atomic.load<i32>(READY);
}

/** Does chunks until none is left. */
function take(kernel: i32, chunks: i32, thread: i32): void {
  while (true) {
    const chunk = atomic.add<i32>(NEXT, 1);
    if (chunk >= chunks) return;
    dispatch(kernel, chunk, thread);
  }
}
