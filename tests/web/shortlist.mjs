// Reads {file, sizes, sources, prefix} from standard input; writes the words that such a batch is searched among.
import { readFileSync } from "node:fs";
import { Shortlist } from "../../web/seqloom/shortlist.js";

const { file, sizes, sources, prefix } = JSON.parse(readFileSync(0, "utf-8"));
const { words, open, prefix: places } = new Shortlist(new Uint8Array(readFileSync(file)), ...sizes).words(sources, prefix);
process.stdout.write(JSON.stringify({ words, open: Array.from(open, (each) => each === 0), places }));
