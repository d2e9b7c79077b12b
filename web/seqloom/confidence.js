// How likely an answer is right: a logistic regression over what the search knows of it, as seqloom.confidence computes it.

const FORMAT = 1;
const LEAST = 1e-6, MOST = 1 - 1e-3; // probabilities are kept between these
const FEATURES = ["answer", "mean", "weakest", "length", "unread", "at_limit"];

export class Confidence {
  /** From the text of confidence.json. */
  constructor(json) {
    const { format, measure, intercept, weights, search } = JSON.parse(json);
    if (format !== FORMAT) throw new Error(`confidence.json must have the format ${FORMAT}, not ${format}`);
    const values = FEATURES.map((name) => weights[name]);
    if (![intercept, ...values].every(Number.isFinite)) {
      throw new Error(`confidence.json must hold an intercept and weights of ${FEATURES.join(", ")}`);
    }
    Object.assign(this, { measure, intercept, weights: values, search }); // measure: what a confidence is about
  }

  /** Whether these are the settings of search that the confidence was fitted with. */
  fits(settings) {
    return Object.entries(this.search).every(([name, value]) => (settings[name] ?? value) === value);
  }

  /** The confidence of a prediction, from 0 to 1. */
  of({ tokenLogProbs, cut, unknown, atLimit }) {
    const count = tokenLogProbs.length, total = tokenLogProbs.reduce((sum, value) => sum + value, 0);
    const unread = Number(cut || unknown.length > 0);
    const odds = [total, total / count, Math.min(...tokenLogProbs)].map(logOdds);
    const features = [...odds, Math.log(count), unread, Number(atLimit)];
    const score = features.reduce((sum, value, place) => sum + this.weights[place] * value, this.intercept);
    return 1 / (1 + Math.exp(-score));
  }
}

/** log(p / (1 - p)) of a probability that is given by its natural logarithm. */
function logOdds(logProb) {
  const probability = Math.min(Math.max(Math.exp(logProb), LEAST), MOST);
  return Math.log(probability / (1 - probability));
}
