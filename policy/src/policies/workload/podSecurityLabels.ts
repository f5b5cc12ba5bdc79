/** The API server itself refuses pods that are not as the policies of this group want them. */
import { objectPolicy, problemIf } from "../../policy";

const enforce = "pod-security.kubernetes.io/enforce";

export const podSecurityLabels = objectPolicy({
  number: 24,
  name: "pod-security-labels",
  title: "every project enforces the restricted Pod Security Standard",
  why: "Policies look at what a program makes; pods that anybody else makes in the project are held to a standard by this label only.",
  fix: `add the label ${enforce}: restricted to the Namespace`,
  group: "workload",
  severity: "high",
  controls: { cis: ["5.2.1"], nsa: ["pod security"], nist: ["CM-6"] },
  applies: (_, __, object) => object.is("/Namespace"),
  check: (view) => {
    const label = view.view("metadata.labels").at(enforce);
    return problemIf(label.string("") !== "restricted", label, "", "must be restricted");
  },
});
