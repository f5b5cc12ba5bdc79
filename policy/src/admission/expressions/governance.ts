/** Labels and records, in CEL. */
import { auditRetention } from "../../policies/governance/auditLogging";
import { changeApprover, changeAuthor } from "../../policies/governance/deploymentApproval";
import { holds, listed, quoted, texts, type Resources, type RuleOf } from "../rule";

/** What programs and people make; controllers make other kinds without a label in each project. */
const labelled: readonly Resources[] = [
  { group: "", version: "v1", resources: ["services", "persistentvolumeclaims"] },
  { group: "apps", version: "v1", resources: ["deployments", "statefulsets", "daemonsets"] },
  { group: "batch", version: "v1", resources: ["cronjobs"] },
  { group: "networking.k8s.io", version: "v1", resources: ["ingresses", "networkpolicies"] },
  { group: "", version: "v1", resources: ["namespaces"], cluster: true },
];

const openWebUi = "c.?image.orValue('').matches('(^|/)open-webui([:@]|$)')";

export const governanceRules: Readonly<Record<string, RuleOf>> = {
  "standard-labels": ({ parameters }) => {
    const missing = (labels: readonly string[]) => `${listed(labels)}.filter(l, object.metadata.?labels[?l].orValue('') == '')`;
    const [labels, ofProjects] = [texts(parameters.labels), texts(parameters.projectLabels)];
    return {
      on: labelled,
      variables: { missing: `${missing(labels)} + (object.kind == 'Namespace' ? ${missing(ofProjects)} : [])` },
      validations: [{ expression: "size(variables.missing) == 0", message: "'labels ' + variables.missing.join(', ') + ' must be set'" }],
      partly: "kinds that controllers make too, such as ConfigMaps, Secrets, service accounts, Jobs and Pods",
    };
  },

  "audit-logging": ({ parameters }) => {
    const components = listed(texts(parameters.components));
    const days = `variables.podAnnotations[?${quoted(auditRetention)}].orValue('')`;
    return {
      on: "pods",
      variables: { concerned: `variables.podLabels[?'app.kubernetes.io/component'].orValue('') in ${components}`, days },
      validations: [
        holds(
          `!variables.concerned || (variables.days.matches('^[0-9]{1,9}$') && int(variables.days) >= ${Number(parameters.minimumDays)})`,
          `the annotation ${auditRetention} must be a number of days, at least ${Number(parameters.minimumDays)}`,
        ),
        holds(
          `!variables.concerned || variables.mainContainers.all(c, !${openWebUi} || c.?env.orValue([]).exists(e, e.name == 'AUDIT_LOG_LEVEL' && !(e.?value.orValue('') in ['', 'NONE'])))`,
          "AUDIT_LOG_LEVEL of Open WebUI must be METADATA, REQUEST or REQUEST_RESPONSE",
        ),
      ],
    };
  },

  "deployment-approval": ({ settings }) => {
    if (settings.environment !== "production") return undefined;
    const at = (key: string) => `object.metadata.?annotations[?${quoted(key)}].orValue('')`;
    return {
      on: [{ group: "", version: "v1", resources: ["namespaces"], cluster: true }],
      reads: ["metadata.?annotations"],
      validations: [
        holds(`${at(changeAuthor)} != '' && ${at(changeApprover)} != ''`, `the annotations ${changeAuthor} and ${changeApprover} must be set`),
        holds(
          `${at(changeAuthor)} == '' || ${at(changeAuthor)} != ${at(changeApprover)}`,
          `the annotation ${changeApprover} must be somebody other than the author`,
        ),
      ],
    };
  },
};
