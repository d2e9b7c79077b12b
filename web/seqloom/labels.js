// Answers that are labels: the scores of a graph → probabilities, and a decision, as seqloom.inference.labels computes them.

const FORMAT = 1;

export class Labels {
  /** From the text of labels.target.json, for a codec of this kind: `label` is one out of many, `labels` any number. */
  constructor(json, kind) {
    const { format, labels, separator = "" } = JSON.parse(json);
    if (format !== FORMAT || !Array.isArray(labels) || labels.length < 2) {
      throw new Error(`labels.target.json must have the format ${FORMAT} and at least two labels`);
    }
    Object.assign(this, { labels, separator, several: kind === "labels" });
  }

  /** The answers of one source, best first: `count` of them where one label is right. */
  answers(scores, { calibration, count }) {
    const temperature = calibration?.temperature ?? 1;
    const own = this.logProbabilities(scores);
    const sure = this.logProbabilities(scores.map((score) => score / temperature)).map(Math.exp);
    const order = ranked(sure);
    const probabilities = Object.fromEntries(order.map((place) => [this.labels[place], sure[place]]));
    if (!this.several) {
      return ranked(own).slice(0, count).map((place, rank) => ({
        text: this.labels[place],
        labels: [this.labels[place]],
        score: own[place],
        probabilities: rank ? {} : probabilities,
        confidence: calibration && !rank ? sure[place] : null,
      }));
    }
    const thresholds = calibration?.thresholds ?? this.labels.map(() => 0.5);
    const chosen = sure.map((value, place) => value >= thresholds[place]);
    const labels = this.labels.filter((_, place) => chosen[place]);
    const score = scores.reduce((sum, value, place) => sum + logSigmoid(chosen[place] ? value : -value), 0);
    const whole = sure.reduce((product, value, place) => product * (chosen[place] ? value : 1 - value), 1);
    return [{ text: labels.join(this.separator), labels, score, probabilities, confidence: calibration ? whole : null }];
  }

  /** A log-softmax, or a log-sigmoid of each where there are several at once. */
  logProbabilities(scores) {
    if (this.several) return scores.map(logSigmoid);
    const top = Math.max(...scores);
    const total = Math.log(scores.reduce((sum, score) => sum + Math.exp(score - top), 0));
    return scores.map((score) => score - top - total);
  }
}

/** The temperature of scores, and the threshold of each label where there are several, from the text of confidence.json. */
export function labelCalibration(json) {
  const { format, kind, measure, temperature, thresholds } = JSON.parse(json);
  if (format !== FORMAT || kind !== "temperature" || !(temperature > 0)) {
    throw new Error(`confidence.json must have the format ${FORMAT} and a temperature`);
  }
  return { measure, temperature, thresholds: thresholds.length ? thresholds : null };
}

const logSigmoid = (score) => (score < 0 ? score - Math.log1p(Math.exp(score)) : -Math.log1p(Math.exp(-score)));

/** Places, that of the largest value first; equal ones in their order. */
function ranked(values) {
  return [...values.keys()].sort((one, other) => values[other] - values[one] || one - other);
}
