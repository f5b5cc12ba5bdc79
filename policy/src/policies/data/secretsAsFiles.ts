/** Secrets reach programs as files. */
import { all, each } from "../../each";
import { containerPolicy, problem } from "../../policy";

export const secretsAsFiles = containerPolicy({
  number: 44,
  name: "secrets-as-files",
  title: "secrets are mounted as files, not given as environment variables",
  why: "Environment variables are inherited by every process, and end up in crash reports and debug pages; they also keep their value when the Secret is renewed.",
  fix: "mount the Secret as a volume and give the program the file's path; if it reads no file, name the variable in the policy's parameter allowed",
  group: "data",
  severity: "low",
  controls: { cis: ["5.4.1"], nsa: ["secrets"], nist: ["IA-5"] },
  parameters: { allowed: { type: "strings", description: "variables that programs read from nowhere else", default: [] } },
  check: ({ view }, { parameters }) =>
    all(
      () =>
        each(view.list("env"), (variable) => {
          const refers = variable.view("valueFrom.secretKeyRef").known() !== undefined;
          return refers && !parameters.allowed.includes(variable.string("name") ?? "")
            ? [problem(variable, "valueFrom.secretKeyRef", "must be a mounted file")]
            : [];
        }),
      () =>
        each(view.list("envFrom"), (source) => (source.view("secretRef").known() === undefined ? [] : [problem(source, "secretRef", "must be mounted files")])),
    ),
});
