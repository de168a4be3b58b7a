import packageJson from '../../../package.json' with { type: 'json' };

/** What a description of the server goes by. */
export interface Described {
  /** Of the network. */
  readonly name: string;
  /** Classes of an answer at most. */
  readonly classes: number;
  /** Classes of an answer where a request does not say. */
  readonly top: number;
}

/** The description of the server in the words of OpenAPI 3.1. */
export function openApi(described: Described): object {
  const text = { 'text/plain': { schema: { type: 'string' } } };
  return {
    openapi: '3.1.0',
    info: { title: `skipscale serve: ${described.name}`, version: packageJson.version },
    paths: {
      '/classify': { post: classifyOperation(described) },
      '/health': {
        get: {
          summary: 'Whether the server takes requests.',
          responses: { 200: { description: 'It does.' } },
        },
      },
      '/metrics': {
        get: {
          summary: 'Counts and times for Prometheus.',
          responses: { 200: { description: 'Its text format.', content: text } },
        },
      },
    },
    components: { schemas },
  };
}

function classifyOperation({ classes, top }: Described): object {
  const answer = (description: string, schema = 'Error') => ({
    description,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
  });
  const image = { schema: { type: 'string', format: 'binary' } };
  const topParameter = {
    name: 'top',
    in: 'query',
    description: 'How many classes to name, the likeliest first.',
    schema: { type: 'integer', minimum: 1, maximum: classes, default: top },
  };
  return {
    summary: 'Say what an image shows.',
    parameters: [topParameter],
    requestBody: { required: true, content: { 'image/*': image, 'application/octet-stream': image } },
    responses: {
      200: answer('The likeliest classes.', 'Answer'),
      400: answer('The body is empty, or top is out of range.'),
      413: answer('The image has too many bytes.'),
      415: answer('The body is of another type.'),
      422: answer('The image cannot be decoded.'),
      503: answer('Too many requests wait, or the server stops; try again after the seconds of Retry-After.'),
    },
  };
}

const schemas = {
  Answer: {
    type: 'object',
    required: ['classes'],
    properties: { classes: { type: 'array', items: { $ref: '#/components/schemas/Class' } } },
  },
  Class: {
    type: 'object',
    required: ['label', 'index', 'probability'],
    properties: {
      label: { type: 'string' },
      index: { type: 'integer' },
      probability: { type: 'number', minimum: 0, maximum: 1 },
    },
  },
  Error: { type: 'object', required: ['error'], properties: { error: { type: 'string' } } },
};
