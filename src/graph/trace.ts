import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, check, shown } from '../core/errors.js';
import { checkInTree } from './in-tree.js';
import { originsOf } from './origins.js';
import { runOn, TraceBackend, withoutValues } from './backend.js';

/** What a trace asks of a module. */
export interface Traceable {
  namedModules(): Iterable<{ readonly name: string; readonly module: object }>;
  namedVariables(): Iterable<{ readonly name: string; readonly variable: tf.Variable }>;
  forward(x: never, context: { readonly training: false }): unknown;
}

/** A shape, the batch first, such as `[1, 224, 224, 3]`. */
export type InputShape = readonly number[];

/** The shape of a module's input, or those of an array or a record of inputs. */
export type InputShapes = InputShape | readonly InputShape[] | Readonly<Record<string, InputShape>>;

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | VariableSource
  /** Made of these values in the forward pass. */
  | { readonly kind: 'constant'; readonly values: tf.backend_util.BackendValues }
  /** A tensor that was there before and is no variable of the module; `origins` are those that it was computed from. */
  | { readonly kind: 'tensor'; readonly tensor: tf.Tensor; readonly origins: readonly VariableSource[] }
  | { readonly kind: 'node'; readonly node: TracedNode };

/** A variable of the module. */
export interface VariableSource {
  readonly kind: 'variable';
  readonly name: string;
  readonly variable: tf.Variable;
}

/** A tensor of the forward pass. */
export interface TracedValue {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  readonly source: Source;
}

/** A kernel that ran. */
export interface TracedNode {
  readonly kernel: string;
  readonly attributes: tf.NamedAttrMap;
  readonly inputs: Readonly<Record<string, TracedValue>>;
  readonly outputs: readonly TracedValue[];
  /** The innermost module that ran it. */
  readonly call: ModuleCall;
}

/** One run of a module. */
export interface ModuleCall {
  /** The path of fields that leads to the module; the root's is empty. */
  readonly path: string;
  readonly module: object;
  /** The method that ran, such as `forward`. */
  readonly method: string;
  /** The tensors that it got. */
  readonly inputs: readonly TracedValue[];
  /** The tensors that it gave. */
  outputs: readonly TracedValue[];
}

/** What a module's forward pass does in evaluation. */
export interface Trace {
  readonly inputs: Readonly<Record<string, TracedValue>>;
  readonly outputs: Readonly<Record<string, TracedValue>>;
  /** In the order in which they ran. */
  readonly nodes: readonly TracedNode[];
  /** In the order in which they began. */
  readonly calls: readonly ModuleCall[];
}

/**
 * Runs a module once in evaluation, with shapes and no values, and records the kernels that it runs. No memory is taken and
 * nothing changes: neither the module nor the current backend.
 * @param input - The shape of the input, or the shapes of an array or a record of inputs.
 * @throws ArgumentError where a shape is none, the forward pass reads values, or it runs a kernel that the trace does not
 * know; and what the forward pass itself throws.
 */
export function trace(module: Traceable, input: InputShapes): Trace {
  const shapes = namedShapes(input);
  const recorder = new Recorder(module);
  let trace: Trace | undefined;
  runOn(recorder.backend, () => {
    trace = recorder.run(module, input, shapes);
  });
  return trace!;
}

/** Is one trace. */
class Recorder {
  readonly backend = new TraceBackend((kernel, inputs, attributes, outputs) => {
    const node: TracedNode = {
      kernel,
      attributes: { ...attributes },
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, this.#valueOf(x)])),
      outputs: outputs.map(({ shape, dtype }) => ({
        shape,
        dtype,
        source: {
          kind: 'node',
          get node() {
            return node;
          },
        },
      })),
      call: this.#stack.at(-1)!,
    };
    outputs.forEach(({ dataId }, i) => this.#values.set(dataId, node.outputs[i]!));
    this.#nodes.push(node);
  });
  readonly #values = new Map<object, TracedValue>();
  readonly #nodes: TracedNode[] = [];
  readonly #calls: ModuleCall[] = [];
  readonly #stack: ModuleCall[] = [];

  constructor(module: Traceable) {
    for (const { name, variable } of module.namedVariables()) {
      const { shape, dtype } = variable;
      this.#values.set(variable.dataId, { shape, dtype, source: { kind: 'variable', name, variable } });
    }
  }

  run(module: Traceable, input: InputShapes, shapes: Readonly<Record<string, InputShape>>): Trace {
    const tensors = Object.entries(shapes).map(([name, shape]) => {
      const tensor = withoutValues(shape);
      const source = { kind: 'input', name } as const;
      this.#values.set(tensor.dataId, { shape: tensor.shape, dtype: tensor.dtype, source });
      return [name, tensor] as const;
    });
    const x = isShape(input)
      ? tensors[0]![1]
      : Array.isArray(input)
        ? tensors.map(([, tensor]) => tensor)
        : Object.fromEntries(tensors);
    const unwrap = Array.from(module.namedModules(), ({ name, module }) => this.#wrap(name, module));
    try {
      const y = module.forward(x as never, { training: false });
      checkInTree(module, this.#others());
      return {
        inputs: Object.fromEntries(tensors.map(([name, x]) => [name, this.#valueOf(x)])),
        outputs: this.#named(y),
        nodes: this.#nodes,
        calls: this.#calls,
      };
    } finally {
      for (const each of unwrap) each();
    }
  }

  /** The tensors that were used and are neither inputs nor made here nor variables of the tree. */
  #others(): tf.Tensor[] {
    const used = this.#nodes.flatMap(({ inputs }) => Object.values(inputs));
    return used.flatMap(({ source }) => (source.kind === 'tensor' ? [source.tensor] : []));
  }

  #named(y: unknown): Record<string, TracedValue> {
    if (y instanceof tf.Tensor) return { output: this.#valueOf(y) };
    const entries = Object.entries((y ?? {}) as Record<string, unknown>);
    const isList = Array.isArray(y);
    check(
      entries.length > 0 && entries.every(([, tensor]) => tensor instanceof tf.Tensor),
      () => `The forward pass gave ${shown(y)}; give a tensor, or an array or a record of tensors.`,
    );
    return Object.fromEntries(
      entries.map(([name, tensor]) => [isList ? `output_${name}` : name, this.#valueOf(tensor as tf.Tensor)]),
    );
  }

  #valueOf(tensor: tf.TensorInfo): TracedValue {
    const { dataId, shape, dtype } = tensor;
    const known = this.#values.get(dataId);
    // A clone of a variable has its data; a tensor may also be a variable in another shape.
    if (known && tf.util.arraysEqual([...known.shape], shape)) return known;
    const values = this.backend.constant(dataId);
    const source: Source = values
      ? { kind: 'constant', values }
      : { kind: 'tensor', tensor: tensor as tf.Tensor, origins: this.#origins(tensor) };
    const value = { shape, dtype, source };
    this.#values.set(dataId, value);
    return value;
  }

  #origins(tensor: tf.TensorInfo): VariableSource[] {
    const sources = originsOf(tensor).map(({ dataId }) => this.#values.get(dataId)?.source);
    return sources.flatMap((source) => (source?.kind === 'variable' ? [source] : []));
  }

  #valuesIn(container: unknown): TracedValue[] {
    if (container instanceof tf.Tensor) return [this.#valueOf(container)];
    if (typeof container !== 'object' || container === null) return [];
    return Object.values(container)
      .filter((x) => x instanceof tf.Tensor)
      .map((x) => this.#valueOf(x));
  }

  /** Has the runs of a module recorded, by all its methods whose names begin with `forward`, until the result is called. */
  #wrap(path: string, module: object): () => void {
    if (!Object.isExtensible(module)) return () => {};
    const methods = module as Record<string, (...args: unknown[]) => unknown>;
    const before = new Map<string, PropertyDescriptor | undefined>();
    const fields = Object.keys(module).filter(
      (name) => name.startsWith('forward') && typeof methods[name] === 'function',
    );
    for (const name of new Set([...fields, ...forwardMethods(Object.getPrototypeOf(module) as object)])) {
      before.set(name, Object.getOwnPropertyDescriptor(module, name));
      const method = methods[name]!;
      const value = (...args: unknown[]) =>
        this.#called({ path, module, method: name }, args, () => method.apply(module, args));
      Object.defineProperty(module, name, { value, configurable: true, writable: true, enumerable: false });
    }
    return () => {
      for (const [name, descriptor] of before) {
        Reflect.deleteProperty(module, name);
        if (descriptor) Object.defineProperty(module, name, descriptor);
      }
    };
  }

  #called(
    callee: Pick<ModuleCall, 'path' | 'module' | 'method'>,
    args: readonly unknown[],
    run: () => unknown,
  ): unknown {
    if (this.#stack.at(-1)?.module === callee.module) return run();
    const call: ModuleCall = { ...callee, inputs: this.#valuesIn(args[0]), outputs: [] };
    this.#calls.push(call);
    this.#stack.push(call);
    try {
      const result = run();
      call.outputs = this.#valuesIn(result);
      return result;
    } catch (error) {
      const [, kernel] = unknownKernel.exec(error instanceof Error ? error.message : '') ?? [];
      if (kernel === undefined) throw error;
      throw new ArgumentError(
        `${placeOf(call)} runs the kernel ${kernel}, which cannot be traced; compute it of other operations.`,
      );
    } finally {
      this.#stack.pop();
    }
  }
}

/** tfjs's two messages for a kernel that a backend does not have. */
const unknownKernel =
  /^(?:Cannot find registered kernel|Kernel) '(.*?)' (?:not registered )?for backend 'trace'$/;

/** A module of a trace in words. */
export function placeOf({ path, module }: ModuleCall): string {
  return path === '' ? `The ${module.constructor.name}` : `${path} (${module.constructor.name})`;
}

const methodsOfClass = new WeakMap<object, readonly string[]>();

/** Its methods whose names begin with `forward`. */
function forwardMethods(object: object): readonly string[] {
  const known = methodsOfClass.get(object);
  if (known) return known;
  const names = Object.entries(Object.getOwnPropertyDescriptors(object))
    .filter(([name, { value }]) => name.startsWith('forward') && typeof value === 'function')
    .map(([name]) => name);
  const parent = Object.getPrototypeOf(object) as object | null;
  const all = parent ? [...new Set([...names, ...forwardMethods(parent)])] : names;
  methodsOfClass.set(object, all);
  return all;
}

function isShape(input: InputShapes): input is InputShape {
  return Array.isArray(input) && input.every((size) => typeof size === 'number');
}

/** The inputs by name. */
export function namedShapes(input: InputShapes): Record<string, InputShape> {
  check(
    typeof input === 'object' && input !== null,
    () => `The input is ${shown(input)}; give its shape, such as [1, 224, 224, 3].`,
  );
  const named = isShape(input)
    ? { input }
    : Array.isArray(input)
      ? Object.fromEntries(input.map((shape: InputShape, i) => [`input_${i}`, shape]))
      : (input as Readonly<Record<string, InputShape>>);
  for (const [name, shape] of Object.entries(named)) {
    check(
      Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size > 0),
      () =>
        `The shape of ${name} is ${Array.isArray(shape) ? `[${shape}]` : shown(shape)}; give positive integers, such as [1, 224, 224, 3].`,
    );
  }
  return named;
}
