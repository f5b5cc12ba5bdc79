/** It is known which model serves, and that somebody has approved it. */
import { annotationOf, digestOf, isForModel, isModelName, modelAnnotation } from "../../models";
import { objectPolicy, problem, type Problem } from "../../policy";
import type { View } from "../../values";

export const modelApproved = objectPolicy({
  number: 28,
  name: "model-approved",
  title: "models are named by the naming rule, pinned by digest, and approved in production",
  why: "A model decides what people are told. Under a loose name or a tag that moves, nobody can say which one answered, or that anybody has looked at it.",
  fix: "name it {model}:{size}-{version}-{variant}, pin its source by digest, and have that digest approved in the registry",
  group: "images",
  severity: "high",
  controls: { nist: ["SI-7", "SR-4(3)"], aiAct: ["13", "15"] },
  applies: (view) => isForModel(view),
  check: (view, { settings: { environment, layers } }) => {
    const production = environment === "production";
    const source = annotationOf(view, modelAnnotation.source);
    const digest = digestOf(source.string("") ?? "");
    return [
      ...named(annotationOf(view, modelAnnotation.name)),
      ...sourced(source, production && digest === undefined),
      // Approval is on record in the registry: there is none before that layer.
      ...(production && layers.includes("registry") ? approved(view, digest) : []),
    ];
  },
});

function named(name: View): readonly Problem[] {
  return isModelName(name.string("") ?? "")
    ? []
    : [problem(name, "", "must be {model}:{size}-{version}-{variant} in lower case, such as codellama:7b-v1.0-base")];
}

function sourced(source: View, unpinned: boolean): readonly Problem[] {
  if (!source.string("")) return [problem(source, "", "must say where the model comes from")];
  return unpinned ? [problem(source, "", "must have a digest in production (…@sha256:…); of an image that is unresolved, make images-lock finds it")] : [];
}

function approved(view: View, digest: string | undefined): readonly Problem[] {
  const of = annotationOf(view, modelAnnotation.approved);
  const by = annotationOf(view, modelAnnotation.approvedBy);
  return [
    ...(digest !== undefined && of.string("") !== digest ? [problem(of, "", `must be the digest of the source, ${digest}: that of the approval`)] : []),
    ...(by.string("") ? [] : [problem(by, "", "must name who approved the model")]),
  ];
}
