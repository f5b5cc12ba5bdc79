/** Writes model files in the GGUF format, version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): little-endian, tensors of 32-bit floats. */

/** A metadata value with its GGUF type. */
export type Value =
  | { readonly type: "u32"; readonly value: number }
  | { readonly type: "f32"; readonly value: number }
  | { readonly type: "string"; readonly value: string | Buffer }
  | { readonly type: "u32[]" | "i32[]" | "f32[]"; readonly value: readonly number[] }
  | { readonly type: "string[]"; readonly value: readonly (string | Buffer)[] };

export interface Tensor {
  readonly name: string;
  /** Innermost dimension first: a matrix that maps n inputs to m outputs is [n, m]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const TYPE = { u32: 4, i32: 5, f32: 6, string: 8, array: 9 } as const;
const ALIGNMENT = 32;

/** @returns the whole file */
export function gguf(metadata: Readonly<Record<string, Value>>, tensors: readonly Tensor[]): Buffer {
  const keys = Object.entries(metadata);
  const head = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(keys.length)];
  for (const [key, value] of keys) head.push(string(key), encode(value));
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    const elements = shape.reduce((product, dimension) => product * dimension, 1);
    if (elements !== data.length) throw new Error(`tensor ${name}: shape ${shape.join(" × ")} needs ${elements} values, got ${data.length}`);
    head.push(string(name), u32(shape.length), ...shape.map(u64), u32(0), u64(offset));
    offset += data.length * 4 + pad(data.length * 4);
  }
  const header = Buffer.concat(head);
  return Buffer.concat([header, Buffer.alloc(pad(header.length)), ...tensors.flatMap(({ data }) => [floats(data), Buffer.alloc(pad(data.length * 4))])]);
}

function encode(value: Value): Buffer {
  switch (value.type) {
    case "u32":
      return Buffer.concat([u32(TYPE.u32), u32(value.value)]);
    case "f32":
      return Buffer.concat([u32(TYPE.f32), floats([value.value])]);
    case "string":
      return Buffer.concat([u32(TYPE.string), string(value.value)]);
    case "u32[]":
    case "i32[]":
      return array(value.type === "u32[]" ? TYPE.u32 : TYPE.i32, value.value.map(u32));
    case "f32[]":
      return array(TYPE.f32, [floats(value.value)], value.value.length);
    case "string[]":
      return array(TYPE.string, value.value.map(string));
  }
}

function array(type: number, items: readonly Buffer[], length = items.length): Buffer {
  return Buffer.concat([u32(TYPE.array), u32(type), u64(length), ...items]);
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value | 0);
  return buffer;
}

function u64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function floats(values: ArrayLike<number>): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (let i = 0; i < values.length; i++) buffer.writeFloatLE(values[i] ?? 0, i * 4);
  return buffer;
}

function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function pad(length: number): number {
  return (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
}
