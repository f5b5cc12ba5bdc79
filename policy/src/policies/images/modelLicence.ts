/** Models may be used for what they are used for. */
import { annotationOf, isForModel, modelAnnotation } from "../../models";
import { objectPolicy, problem } from "../../policy";

export const modelLicence = objectPolicy({
  number: 29,
  name: "model-licence",
  title: "the licence of each model is on the list of allowed licences",
  why: "Licences of models restrict who may use them, for what, and what may be made of their answers; most are no open source licences.",
  fix: `state the licence in the annotation ${modelAnnotation.licence}; take another model, or add the licence to the setting licences after having read it`,
  group: "images",
  severity: "medium",
  controls: { aiAct: ["13"], nist: ["CM-10"] },
  applies: (view, { settings }) => settings.licences.length > 0 && isForModel(view),
  check: (view, { settings: { licences } }) => {
    const at = annotationOf(view, modelAnnotation.licence);
    const licence = at.string("");
    if (!licence) return [problem(at, "", `must be set, to one of ${licences.join(", ")}`)];
    return licences.includes(licence) ? [] : [problem(at, "", `must be one of ${licences.join(", ")}`)];
  },
});
