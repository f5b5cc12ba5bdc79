/** The files of a compliance report. */
import { csv } from "./csv";
import { htmlPage } from "./html";
import { junit } from "./junit";
import { json } from "./json";
import type { Report } from "./model";
import { oscal } from "./oscal";
import { sarif } from "./sarif";

export { reportOf, type Facts, type Report } from "./model";

/** Name of each file, what it is for, and how it is written. */
export const formats: readonly { readonly file: string; readonly what: string; readonly write: (report: Report) => string }[] = [
  { file: "report.html", what: "to read", write: htmlPage },
  { file: "report.csv", what: "a row per result, for a spreadsheet", write: csv },
  { file: "report.json", what: "all of it, for programs", write: json },
  { file: "report.sarif", what: "SARIF 2.1.0, for code scanning", write: sarif },
  { file: "report.junit.xml", what: "JUnit XML, for a pipeline's test view", write: junit },
  { file: "report.oscal.json", what: "OSCAL assessment results 1.1.3, for a compliance tool", write: oscal },
];
