// Answers that are frames, a label for the whole text and a tag for each word, as seqloom.inference.frames makes them.

import { Labels } from "./labels.js";
import { Tags } from "./tags.js";

export class Frames {
  /** From the text of frame.target.json. */
  constructor(json) {
    const { label, tags } = JSON.parse(json);
    this.label = new Labels(JSON.stringify(label), "label");
    this.tags = new Tags(JSON.stringify(tags));
  }

  /** The answer of one source from that of its tags and the scores of the labels. */
  joined(answer, scores) {
    const [{ text, labels, score, probabilities }] = this.label.answers(scores, { calibration: null, count: 1 });
    return { ...answer, text: `${text}: ${answer.text}`, score: answer.score + score, labels, probabilities };
  }
}
