/**
 * Runs the program without an engine and without a cluster, and gives all objects that it would make. In a process of its own: the SDK's runtime is one per process.
 * `record.ts STACK FILE`: configuration on stdin as JSON, objects written to FILE as JSON.
 */
import * as pulumi from "@pulumi/pulumi";
import { writeFileSync } from "node:fs";
import { project } from "../stack/workspace";

const isObject = (type: string) => type.startsWith("kubernetes:");

async function main(stack: string, file: string): Promise<void> {
  const entries = JSON.parse(await text(process.stdin)) as Record<string, string>;
  const registered: { readonly key: string; readonly inputs: object }[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        if (isObject(type)) registered.push({ key: `${type} ${name}`, inputs: inputs as object });
        return { id: name, state: inputs as Record<string, unknown> };
      },
      call: ({ inputs }) => inputs as Record<string, unknown>,
    },
    project,
    stack,
  );
  pulumi.runtime.setAllConfig(entries);
  const declared: string[] = [];
  await pulumi.runtime.runInPulumiStack(() => {
    pulumi.runtime.registerStackTransformation(({ type, name }) => {
      if (isObject(type)) declared.push(`${type} ${name}`);
      return undefined;
    });
    return Promise.resolve(require("../../index") as object);
  });
  await pulumi.runtime.waitForRPCs();
  // What depends on a registration that failed, or on a value that only a cluster has, is never registered.
  const lost = registered.reduce((left, { key }) => left.toSpliced(left.indexOf(key), 1), declared);
  if (lost.length > 0) throw new Error(`declared, but not registered: ${lost.join(", ")}`);
  // What is only read has no inputs.
  writeFileSync(file, JSON.stringify(registered.map(({ inputs }) => inputs).filter((inputs) => "kind" in inputs)));
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = "";
  for await (const part of stream) all += String(part);
  return all;
}

main(process.argv[2] ?? "", process.argv[3] ?? "").catch((error: unknown) => {
  process.stderr.write(error instanceof pulumi.RunError ? error.message : String(error instanceof Error ? error.stack : error));
  process.exitCode = 1;
});
