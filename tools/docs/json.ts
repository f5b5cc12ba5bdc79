/** JSON as Prettier writes it, so that a generated file passes `make check` like any other. */

const width = 160;

/** @param value of JSON.parse's kinds; undefined members are left out */
export function formatJson(value: unknown): string {
  return `${text(value, "", 0)}\n`;
}

/** @param column where the value begins */
function text(value: unknown, indent: string, column: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return list(value, indent, column);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const inner = `${indent}  `;
  const lines = members.map(([key, member]) => {
    const start = `${inner}${JSON.stringify(key)}: `;
    return `${start}${text(member, inner, start.length)}`;
  });
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
}

/** On one line where no map is in it and it fits. */
function list(values: readonly unknown[], indent: string, column: number): string {
  const flat = oneLine(values);
  // One column for the comma that may follow.
  if (flat !== undefined && column + flat.length + 1 <= width) return flat;
  const inner = `${indent}  `;
  return `[\n${values.map((value) => `${inner}${text(value, inner, inner.length)}`).join(",\n")}\n${indent}]`;
}

function oneLine(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const parts = value.map(oneLine);
    return parts.includes(undefined) ? undefined : `[${parts.join(", ")}]`;
  }
  return typeof value === "object" && value !== null ? (Object.keys(value).length === 0 ? "{}" : undefined) : JSON.stringify(value);
}
