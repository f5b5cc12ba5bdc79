/** The compliance report against the official schemas of its formats: SARIF 2.1.0 of OASIS, OSCAL 1.1.3 of NIST. Both come from package registries, pinned. */
import Ajv from "ajv";
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { formats } from "../../../policy/src/report";
import type { Report } from "../../../policy/src/report/model";
import { moduleDir } from "../../../tools/toolchain/gomod";
import { npmPackage } from "../../../tools/toolchain/npm";
import { excuse, mixed, report, result, resultsOf } from "../../policy/reportResults";

describe("a compliance report", function () {
  this.timeout(300_000);

  const hostile = `=1+1 "</b>" \u2028 ${"long ".repeat(200)}`;
  const reports: Readonly<Record<string, Report>> = {
    "of nothing": report([]),
    "of passed checks": report([result("not-privileged", "web", "passed")]),
    "of every outcome": report(mixed),
    "without an author or a commit": reportWithout(),
    "with names and values that hold anything": report(
      [result("not-privileged", "web", "violated", { unit: hostile, problems: [{ path: hostile, value: hostile, message: hostile }] }), result("image-pinned", "web", "exempted", { exemption: { ...excuse, reason: hostile } })], // prettier-ignore
      { stack: hostile, objects: resultsOf([]).objects.map((object) => ({ ...object, title: hostile })) },
      { by: hostile },
    ),
  };

  let sarif: object;
  let oscal: object;
  before(async () => {
    const sarifPackage = await npmPackage({
      name: "@microsoft/jest-sarif",
      version: "1.0.0-beta.0",
      integrity: "sha512-A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A==",
    });
    sarif = read(join(sarifPackage, "lib/schemas/sarif-2.1.0-rtm.5.json"));
    oscal = assessmentResults(
      read(join(await moduleDir("oscal", "github.com/defenseunicorns/go-oscal"), "src/internal/schemas/oscal_complete_schema-1-1-3.json")),
    );
  });

  for (const [which, from] of Object.entries(reports)) {
    it(`${which} is valid SARIF`, () => {
      expect(problems(sarif, written("report.sarif", from))).to.deep.equal([]);
    });
    it(`${which} is valid OSCAL`, () => {
      expect(problems(oscal, written("report.oscal.json", from))).to.deep.equal([]);
    });
  }

  it("that is not is found to be so", () => {
    const text = (file: string) => JSON.stringify(written(file, report(mixed)));
    expect(problems(sarif, JSON.parse(text("report.sarif").replaceAll('"kind":"open"', '"kind":"unknown"')))).to.not.deep.equal([]);
    expect(problems(oscal, JSON.parse(text("report.oscal.json").replaceAll("not-satisfied", "unsure")))).to.not.deep.equal([]);
    expect(problems(oscal, JSON.parse(text("report.oscal.json").replace('"ac-6_smt"', '"6 ac"')))).to.not.deep.equal([]);
  });
});

function reportWithout(): Report {
  const { facts, ...rest } = report(mixed);
  return { ...rest, facts: { time: facts.time, versions: {} } };
}

function written(file: string, from: Report): unknown {
  return JSON.parse(formats.find((one) => one.file === file)?.write(from) ?? "");
}

function problems(schema: object, document: unknown): readonly string[] {
  const ajv = new Ajv({ allErrors: true, schemaId: "auto", unknownFormats: "ignore" });
  ajv.addMetaSchema(read(require.resolve("ajv/lib/refs/json-schema-draft-04.json")));
  void ajv.validate(schema, document);
  return (ajv.errors ?? []).map(({ dataPath, message = "" }) => `${dataPath} ${message}`);
}

/** The schema of this one kind of document: of all kinds, the errors of each would be shown. Letters of other scripts, which this validator can't express, are refused. */
function assessmentResults(schema: object): object {
  const { oneOf = [], ...rest } = JSON.parse(JSON.stringify(schema).replaceAll("\\\\p{L}", "[A-Za-z]").replaceAll("\\\\p{N}", "[0-9]")) as { oneOf?: readonly { properties: object }[] }; // prettier-ignore
  const own = oneOf.filter(({ properties }) => "assessment-results" in properties);
  expect(own).to.have.length(1);
  return { ...rest, oneOf: own };
}

function read(file: string): object {
  return JSON.parse(readFileSync(file, "utf8")) as object;
}
