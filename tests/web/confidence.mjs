// Standard input: a calibration as confidence.json holds it, settings of a search, and answers; output: whether the
// settings fit, and the confidence of each answer.
import { readFileSync } from "node:fs";
import { Confidence } from "../../web/seqloom/confidence.js";

const { calibration, settings, answers } = JSON.parse(readFileSync(0, "utf8"));
const confidence = new Confidence(JSON.stringify(calibration));
const fits = confidence.fits(settings);
process.stdout.write(JSON.stringify({ fits, values: answers.map((answer) => confidence.of(answer)) }));
