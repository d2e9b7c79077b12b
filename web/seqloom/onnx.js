// The graph's settings as inputs. ONNX lets an input with a default be left out, but the JavaScript runtimes know only
// inputs without one. So the defaults are taken out of the file's bytes: initializers that bear an input's name.

const GRAPH = 7, INITIALIZER = 5, INPUT = 11;
const VALUE_NAME = 1, TENSOR_NAME = 8;
const LENGTHED = 2;

/** An ONNX model's bytes without the defaults of its inputs. */
export function withoutDefaults(bytes) {
  const model = [...fields(bytes)];
  const graph = model.find((field) => field.number === GRAPH)?.content;
  if (!graph) throw new Error("model.onnx must be an ONNX model: it holds no graph");
  const parts = [...fields(graph)];
  const inputs = new Set(parts.filter((part) => part.number === INPUT).map((part) => name(part, VALUE_NAME)));
  const kept = parts.filter((part) => part.number !== INITIALIZER || !inputs.has(name(part, TENSOR_NAME)));
  const length = kept.reduce((sum, part) => sum + part.whole.length, 0);
  return concatenated(
    model.flatMap((field) => {
      if (field.number !== GRAPH) return [field.whole];
      return [varint((GRAPH << 3) | LENGTHED), varint(length), ...kept.map((part) => part.whole)];
    }),
  );
}

/** The fields of a protocol buffer, as views of its bytes. */
function* fields(bytes) {
  let place = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[place++];
      if (byte === undefined) throw new Error("model.onnx must be an ONNX model: its bytes end too early");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (place < bytes.length) {
    const start = place, key = number(), kind = key & 7;
    if (kind === 0) number();
    else if (kind === 1) place += 8;
    else if (kind === 5) place += 4;
    else if (kind !== LENGTHED) throw new Error("model.onnx must be an ONNX model");
    const length = kind === LENGTHED ? number() : 0, begin = place;
    place += length;
    if (place > bytes.length) throw new Error("model.onnx must be an ONNX model: its bytes end too early");
    yield { number: key >>> 3, content: bytes.subarray(begin, place), whole: bytes.subarray(start, place) };
  }
}

function name(message, number) {
  const field = [...fields(message.content)].find((each) => each.number === number);
  return field ? new TextDecoder().decode(field.content) : "";
}

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Uint8Array.from([...bytes, value]);
}

function concatenated(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}
