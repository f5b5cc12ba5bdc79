/** Labels by which people find what an object is and whose it is. */
import { objectPolicy, problem } from "../../policy";

export const standardLabels = objectPolicy({
  number: 55,
  name: "standard-labels",
  title: "objects carry the standard labels: what they are, who owns them, and on projects also the environment and the cost centre",
  why: "Without them nobody can tell whose an object is, what it costs, or what may be deleted.",
  fix: "add the labels that the message names",
  group: "governance",
  severity: "low",
  controls: { nist: ["CM-8"] },
  parameters: {
    labels: {
      type: "strings",
      description: "labels that every object has",
      default: ["app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by", "openshift-ai-platform/owner"],
    },
    projectLabels: {
      type: "strings",
      description: "labels that namespaces have besides",
      default: ["openshift-ai-platform/environment", "openshift-ai-platform/cost-centre"],
    },
  },
  applies: (_, __, object) => !object.is("List", "CustomResourceDefinition", "Event"),
  check: (view, { parameters }, object) => {
    const wanted = [...parameters.labels, ...(object.kind === "Namespace" ? parameters.projectLabels : [])];
    return wanted.flatMap((label) => {
      const at = view.view("metadata.labels").at(label);
      return at.string("") ? [] : [problem(at, "", "must be set")];
    });
  },
});
