/** The policy pack: what the engine starts. */
import { PolicyPack, type PolicyPackArgs } from "@pulumi/policy";
import { renameSync, writeFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { InputError } from "../input";
import { policies } from "../policies";
import type { Results } from "../results";
import { packName } from "../version";
import { configurationFrom, stackFrom } from "./environment";
import { packOf } from "./pack";
import { onStack, readOnce, type StackInformation } from "./sdk";

function packFor({ stack, config }: StackInformation, file: string | undefined): PolicyPackArgs {
  return packOf({
    configuration: configurationFrom(config, policies),
    policies,
    stack,
    today: new Date().toISOString().slice(0, 10),
    ...(file === undefined || file === "" ? {} : { onResults: (results) => write(file, results) }),
  });
}

/** The whole file, or none. */
function write(file: string, results: Results): void {
  writeFileSync(`${file}.new`, JSON.stringify(results));
  renameSync(`${file}.new`, file);
}

/** @throws Error whose message the engine shows */
function forPeople<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const told = new Error(`the settings of the policy pack are wrong:\n${error.problems.map((line) => `  ${line}`).join("\n")}`, { cause: error });
    // The engine shows it in place of the message.
    told.stack = told.message;
    throw told;
  }
}

const file = process.env.OPENSHIFT_AI_POLICY_RESULTS;
const args = forPeople(() => packFor(stackFrom(process.env), file));
readOnce();
// The SDK keeps the list that it is given, so what is in there changes with what the engine says of the stack.
onStack((stack) => args.policies.splice(0, Infinity, ...forPeople(() => packFor(stack, file)).policies));
new PolicyPack(packName, args);
// Where NODE_COMPILE_CACHE is set: Node would write at its exit, but the engine kills the pack. From Node 22.10.
(nodeModule as { flushCompileCache?: () => void }).flushCompileCache?.();
