/** A shader, and how many workgroups of it run. */
export interface Program {
  /** Of all that the text depends on. */
  readonly key: string;
  /** The text in WGSL; its entry is `main`, and its buffers are numbered in the order of the tensors given. */
  readonly source: () => string;
  readonly workgroups: readonly [number, number, number];
}

/** A pipeline, and its bind groups by the ids of their buffers. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly groups: Map<string, GPUBindGroup>;
}

/** Of one pipeline; more are there where buffers come and go. */
const MOST_GROUPS = 4096;

/** Keeps pipelines and bind groups. */
export class Programs {
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #others = new WeakMap<GPUComputePipeline, Pipeline>();
  pipelinesMade = 0;
  bindGroupsMade = 0;

  constructor(
    readonly device: GPUDevice,
    readonly idOf: (buffer: GPUBuffer) => number,
  ) {}

  /** The pipeline of a program. */
  pipeline({ key, source }: Program): Pipeline {
    let found = this.#pipelines.get(key);
    if (!found) {
      const module = this.device.createShaderModule({ code: source(), label: key });
      const compute = { module, entryPoint: 'main' };
      const pipeline = this.device.createComputePipeline({ layout: 'auto', compute, label: key });
      this.#pipelines.set(key, (found = this.#kept(pipeline)));
    }
    return found;
  }

  /** The same of a pipeline that tfjs has made. */
  other(pipeline: GPUComputePipeline): Pipeline {
    let found = this.#others.get(pipeline);
    if (!found) this.#others.set(pipeline, (found = this.#kept(pipeline)));
    return found;
  }

  /** The bind group of buffers. */
  group({ pipeline, groups }: Pipeline, bindings: readonly GPUBufferBinding[]): GPUBindGroup {
    let key = '';
    for (const { buffer, offset = 0 } of bindings) key += `${this.idOf(buffer)} ${offset},`;
    let group = groups.get(key);
    if (!group) {
      if (groups.size >= MOST_GROUPS) groups.clear();
      groups.set(key, (group = this.newGroup(pipeline, bindings)));
    }
    return group;
  }

  /** A bind group that is not kept. */
  newGroup(pipeline: GPUComputePipeline, resources: readonly GPUBindingResource[]): GPUBindGroup {
    this.bindGroupsMade++;
    return this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
  }

  #kept(pipeline: GPUComputePipeline): Pipeline {
    this.pipelinesMade++;
    return { pipeline, groups: new Map() };
  }
}
