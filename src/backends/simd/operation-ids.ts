// Numbers of the operations of the elementwise jobs; read by AssemblyScript and by TypeScript.

export const ADD = 0;
export const SUBTRACT = 1;
export const MULTIPLY = 2;
export const DIVIDE = 3;
export const MAXIMUM = 4;
export const MINIMUM = 5;
export const SQUARED_DIFFERENCE = 6;
export const SWISH_GRADIENT = 7;
export const RELU_GRADIENT = 8;
export const ADD_RELU = 9;

export const RELU = 0;
export const CLIP = 1;
export const SIGMOID = 2;
export const SWISH = 3;
export const EXP = 4;
export const SQRT = 5;
export const RSQRT = 6;
export const SQUARE = 7;
export const NEGATE = 8;
export const ABSOLUTE = 9;
export const LEAKY_RELU = 10;
export const STEP = 11;
export const RELU6 = 12;
