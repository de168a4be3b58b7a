import { ready } from '#backends';
import { check, checkModule, checkOptions } from '../../core/errors.js';
import type { AnyModule } from '../../core/module.js';
import {
  namedShapes,
  trace,
  type InputShape,
  type InputShapes,
  type TracedValue,
} from '../../graph/trace.js';
import { isImageClassifier } from '../../models/is-image-classifier.js';
import { OnnxGraph, type OnnxValue } from './graph.js';
import { translate } from './translate.js';

/** Options of {@link exportOnnx}. */
export interface ExportOnnxOptions {
  /**
   * The shape of the input, the batch first, such as `[1, 224, 224, 3]`; of several inputs an array or a record of shapes, as
   * `forward` takes them. The size of the batch may be any in the file. Default, of an image classifier only, images of any size.
   */
  readonly input?: InputShapes;
}

/**
 * A module with its weights as the bytes of an ONNX file (operator set 17), for ONNX Runtime and other engines: the way to
 * native and server inference. It evaluates as `forward` does; what has four axes is [batch, channels, height, width] in
 * the file. Of an image classifier the input is `images`, the output `logits` [batch, classes] or, without a head, `features`,
 * and the file's metadata has its preprocessing and labels as JSON. Other modules have the inputs `input`, `input_0`, … or
 * the names of the record, and outputs likewise.
 * @throws ArgumentError where `input` is needed, or an operation cannot be translated: it names the module and the kernel.
 */
export async function exportOnnx(module: AnyModule, options: ExportOnnxOptions = {}): Promise<Uint8Array> {
  checkOptions('exportOnnx', options, { input: true });
  checkModule('exportOnnx', module);
  await ready();
  const classifier = isImageClassifier(module) ? module : undefined;
  const input = options.input ?? (classifier && imagesOf(classifier));
  check(
    input !== undefined,
    () => 'exportOnnx: give the shape of the input, such as { input: [1, 224, 224, 3] }.',
  );
  const graph = new OnnxGraph(classifier?.architecture.name ?? module.constructor.name);
  // What differs between the traces may have any size.
  const first = trace(module, input);
  const second = trace(module, changed(input, options.input === undefined));
  const names = classifier && { input: 'images', output: classifier.head ? 'logits' : 'features' };
  const named = { ...first, ...(names && renamed(first, names)) };
  const values = translate(graph, named, { ...second, ...(names && renamed(second, names)) });
  await values.readWeights();

  const batch = Object.values(first.inputs)[0]!.shape[0];
  const info = ([name, value]: [string, TracedValue]): OnnxValue => {
    const { shape, dtype } = value;
    const sizes = shape.map((size, axis) => {
      if (!values.isDynamic(value, axis)) return size;
      return axis === 0 && size === batch ? 'batch' : (['', 'height', 'width'][axis] ?? `${name}.${axis}`);
    });
    const planar = sizes.length === 4 ? [sizes[0]!, sizes[3]!, sizes[1]!, sizes[2]!] : sizes;
    return { name, type: dtype as 'float32', shape: planar };
  };
  return graph.encode(Object.entries(named.inputs).map(info), Object.entries(named.outputs).map(info), {
    ...(classifier && { preprocessing: JSON.stringify(classifier.preprocessing) }),
    ...(classifier?.labels && { labels: JSON.stringify(classifier.labels) }),
  });
}

interface Ends {
  readonly inputs: Readonly<Record<string, TracedValue>>;
  readonly outputs: Readonly<Record<string, TracedValue>>;
}

function renamed({ inputs, outputs }: Ends, names: { input: string; output: string }): Ends {
  return {
    inputs: { [names.input]: Object.values(inputs)[0]! },
    outputs: { [names.output]: Object.values(outputs)[0]! },
  };
}

function imagesOf(model: {
  preprocessing: { size: number };
  architecture: { inputChannels: number };
}): InputShape {
  const { size } = model.preprocessing;
  return [2, size, size, model.architecture.inputChannels];
}

/** The same with another batch, and with images of another size where that may be any. */
function changed(input: InputShapes, isAnySize: boolean): InputShapes {
  const change = ([batch = 1, ...rest]: InputShape): InputShape => [
    batch + 1,
    ...rest.map((size, i) => (isAnySize && i < 2 ? size + 32 : size)),
  ];
  const shapes = namedShapes(input);
  if (Array.isArray(input)) {
    const all = Object.values(shapes).map(change);
    return 'input' in shapes ? all[0]! : all;
  }
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, change(shape)]));
}
