/** Production changes only with somebody else's approval. */
import { objectPolicy, problem } from "../../policy";

/** Who wrote and who approved the change that a project runs. */
export const changeAuthor = "openshift-ai-platform/change-author";
export const changeApprover = "openshift-ai-platform/change-approved-by";

export const deploymentApproval = objectPolicy({
  number: 57,
  name: "deployment-approval",
  title: "what production runs has an approval on record, by somebody other than its author",
  why: "One person alone could put anything into production, by mistake or on purpose.",
  fix: `deploy through the pipeline, which records ${changeAuthor} and ${changeApprover} on the project`,
  group: "governance",
  severity: "high",
  controls: { nist: ["CM-3", "AC-5"], aiAct: ["14"] },
  layer: "pipelines",
  applies: (_, { settings }, object) => object.is("Namespace") && settings.environment === "production",
  check: (view) => {
    const annotations = view.view("metadata.annotations");
    const author = annotations.at(changeAuthor);
    const approver = annotations.at(changeApprover);
    const missing = [author, approver].filter((at) => !at.string("")).map((at) => problem(at, "", "must be set"));
    if (missing.length > 0) return missing;
    return author.string("") === approver.string("") ? [problem(approver, "", "must be somebody other than the author")] : [];
  },
});
