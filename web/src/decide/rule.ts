/** From probabilities to answers, as `decision.py` has it. */
import type { Model } from "./model";

export const UNSURE = "unsure";

export interface Decided {
  readonly label: string;
  readonly probability: readonly number[];
}

export function decide(said: ArrayLike<number>, model: Model): Decided {
  const { decision, labels } = model;
  const top = Math.max(...Array.from(said));
  const weights = Array.from(
    said,
    (share, index) =>
      (share / top) ** (1 / decision.temperature) * Math.exp(decision.bias[index] ?? 0),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const probability = weights.map((weight) => weight / sum);
  const best = probability.indexOf(Math.max(...probability));
  const isSure = Math.fround(probability[best]!) >= decision.min_probability;
  const isPromised = decision.max_error === null || decision.guaranteed;
  let label = isSure && isPromised ? labels[best]! : UNSURE;
  const { strict } = decision;
  if (model.strict && label === "with_mask" && strict) {
    if (!strict.guaranteed || Math.fround(probability[best]!) < strict.min_probability) label = UNSURE;
  }
  return { label, probability };
}
