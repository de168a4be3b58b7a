/**
 * log(sum(exp(x))) in double precision, without overflow or underflow: the logarithm of what softmax divides by. Not finite
 * where softmax has no probabilities to give: of not-a-number, of infinity, of -infinity alone.
 */
export function logSumExp(logits: ArrayLike<number>): number {
  let most = -Infinity;
  for (let i = 0; i < logits.length; i++) most = Math.max(most, logits[i]!);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - most);
  return most + Math.log(sum);
}
