/**
 * The lines of a stream as `seqloom predict` reads them: a line ends at \n only; a \r before that and byte order marks at
 * the beginning of a line are dropped. (node:readline would also end lines at U+2028, U+2029 and a \r alone.)
 */
export async function* lines(stream) {
  const cleaned = (line) => line.replace(/\r$/, "").replace(/^\uFEFF+/, "");
  let rest = "";
  for await (const part of stream.setEncoding("utf8")) {
    const whole = (rest + part).split("\n");
    rest = whole.pop();
    yield* whole.map(cleaned);
  }
  if (rest) yield cleaned(rest);
}
