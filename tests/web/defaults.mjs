// Takes the defaults out of the ONNX file that the first argument names and writes the second.
import { readFileSync, writeFileSync } from "node:fs";
import { withoutDefaults } from "../../web/seqloom/onnx.js";

const [given, made] = process.argv.slice(2);
writeFileSync(made, withoutDefaults(new Uint8Array(readFileSync(given))));
