// node lines.mjs: the lines of standard input as the example in Node.js reads them, as JSON

import { lines } from "../../examples/node/lines.js";

const found = [];
for await (const line of lines(process.stdin)) found.push(line);
console.log(JSON.stringify(found));
