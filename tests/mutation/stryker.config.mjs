// Mutation tests of the policies: does the corpus notice each change of their logic? `make mutation`; the result stands in docs/policies.md.
// Works in sources/, a copy that the make target brings: Stryker copies its whole folder again for each runner.
import { fileURLToPath } from "node:url";
import { join } from "node:path";

export default {
  plugins: [fileURLToPath(import.meta.resolve("@stryker-mutator/mocha-runner")), join(import.meta.dirname, "wording.mjs")],
  testRunner: "mocha",
  mochaOptions: { spec: ["sources/tests/policy/*.test.ts"], require: ["tsx/cjs"] },
  mutate: process.env.MUTATE?.split(",").map((file) => `sources/${file}`) ?? [
    "sources/policy/src/policies/**/*.ts",
    "!sources/policy/src/policies/**/index.ts",
    "sources/policy/src/{assembled,downloads,each,evaluate,gpu,gpuScale,images,interactive,models,objects,peek,perStack,pods,quantity,secretIndex,secretPatterns,stack,tekton,values,workloads}.ts",
  ],
  // Titles, reasons and tables that are read once at the start are no decisions.
  ignoreStatic: true,
  ignorers: ["wording"],
  coverageAnalysis: "perTest",
  concurrency: Number(process.env.CONCURRENCY ?? 2),
  timeoutMS: 10_000,
  tempDirName: ".stryker-tmp",
  reporters: ["clear-text", "json"],
  clearTextReporter: { allowColor: false, logTests: false, reportScoreTable: true },
  jsonReporter: { fileName: "result.json" },
  thresholds: { high: 95, low: 90, break: 90 },
};
