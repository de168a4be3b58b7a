import { optionalPackage } from '../optional-package.js';

/** What a server counts, and how it says it. */
export interface Metrics {
  /** A request came. */
  begin(): void;
  /** It was answered. */
  end(status: number, seconds: number): void;
  batch(images: number, seconds: number): void;
  readonly contentType: string;
  /** All of it in the text format of Prometheus. */
  text(): Promise<string>;
}

/** Takes prom-client. */
export async function startMetrics(): Promise<Metrics> {
  const { Counter, Gauge, Histogram, Registry } = await optionalPackage(
    () => import('prom-client'),
    'Serving takes prom-client',
    'prom-client',
  );
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'skipscale_requests_total',
    help: 'Requests for classes, by status of the answer.',
    labelNames: ['status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'skipscale_request_seconds',
    help: 'Time from a request to its answer.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const open = new Gauge({
    name: 'skipscale_open_requests',
    help: 'Requests that are not answered yet.',
    registers,
  });
  const images = new Histogram({
    name: 'skipscale_batch_images',
    help: 'Images that went through the network together.',
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'skipscale_batch_seconds',
    help: 'Time of a batch in the network.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    begin: () => open.inc(),
    end: (status, taken) => {
      open.dec();
      requests.inc({ status });
      seconds.observe(taken);
    },
    batch: (count, taken) => {
      images.observe(count);
      batchSeconds.observe(taken);
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
