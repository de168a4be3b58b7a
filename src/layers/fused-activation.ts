/** The activations that a fused convolution may end with; swish where the backend has a kernel `Swish`. */
export type FusedActivation = 'linear' | 'relu' | 'relu6' | 'sigmoid' | 'swish';
