/**
 * Runs the program without an engine and without a cluster, and gives all objects that it would make. In a process of its own: the SDK's runtime is one per process.
 * `record.ts STACK FILE`: configuration on stdin as JSON, objects written to FILE as JSON; exit code 65 with a message for people where the program refuses it.
 */
import * as pulumi from "@pulumi/pulumi";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { project } from "../stack/workspace";

const load = createRequire(__filename);
/** Exit code for a configuration that the program refuses: what is on stderr is for people. */
const refused = 65; // EX_DATAERR of sysexits.h

const isObject = (type: string) => type.startsWith("kubernetes:");

async function main(stack: string, file: string): Promise<void> {
  const entries = JSON.parse(await text(process.stdin)) as Record<string, string>;
  const registered: object[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        if (isObject(type)) registered.push(inputs as object);
        return { id: name, state: inputs as Record<string, unknown> };
      },
      call: ({ inputs }) => inputs as Record<string, unknown>,
    },
    project,
    stack,
  );
  pulumi.runtime.setAllConfig(entries);
  const declared: pulumi.Resource[] = [];
  await pulumi.runtime.runInPulumiStack(() => {
    pulumi.runtime.registerStackTransformation(({ type, resource }) => {
      if (isObject(type)) declared.push(resource);
      return undefined;
    });
    return Promise.resolve(load("../../index") as object);
  });
  // Each has a URN when it is registered. One that never is, such as after a failure of another, keeps this process from writing the file.
  for (const { urn } of declared) await new Promise((resolve) => urn.apply(resolve));
  // What is only read has no inputs.
  writeFileSync(file, JSON.stringify(registered.filter((inputs) => "kind" in inputs)));
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = "";
  for await (const part of stream) all += String(part);
  return all;
}

function fail(error: unknown): never {
  const forPeople = error instanceof pulumi.RunError;
  process.stderr.write(forPeople ? error.message : String(error instanceof Error ? error.stack : error));
  process.exit(forPeople ? refused : 1);
}

// The SDK rejects promises that nobody else has.
process.on("unhandledRejection", fail);
main(process.argv[2] ?? "", process.argv[3] ?? "").catch(fail);
