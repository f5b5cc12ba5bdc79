/** Fields without which the API server takes no object of a kind, whatever a policy says of it: cases leave out what they are not about. */
import { isFields, type Fields, type Value } from "../../../policy/src/values";

const selecting = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"];
const container = { name: "main", image: "quay.io/example/main:1.0.0@sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef" };

export function completed(object: Fields): Fields {
  const { kind, spec = {} } = object;
  if (!isFields(spec)) return object;
  if (kind === "Job") return { ...object, spec: job(spec) };
  if (kind === "CronJob" && isFields(spec.jobTemplate ?? {})) {
    const template = isFields(spec.jobTemplate) ? spec.jobTemplate : {};
    return { ...object, spec: { schedule: "@daily", ...spec, jobTemplate: { ...template, spec: job(isFields(template.spec) ? template.spec : {}) } } };
  }
  if (kind === "Ingress") return { ...object, spec: { defaultBackend: { service: { name: "main", port: { number: 80 } } }, ...spec } };
  return typeof kind === "string" && selecting.includes(kind) && spec.selector === undefined ? { ...object, spec: selected(spec) } : object;
}

/** Its pods have containers and end; retries by index need indexes. */
function job(spec: Fields): Fields {
  const template = fieldsOf(spec.template);
  const pod = fieldsOf(template.spec);
  const indexed = spec.backoffLimitPerIndex === undefined ? {} : { completions: 1, completionMode: "Indexed" };
  return { ...indexed, ...spec, template: { ...template, spec: { restartPolicy: "Never", containers: [container], ...pod } } };
}

/** Its selector selects its pods. */
function selected(spec: Fields): Fields {
  const template = fieldsOf(spec.template);
  const metadata = fieldsOf(template.metadata);
  const labels = isFields(metadata.labels) && Object.keys(metadata.labels).length > 0 ? metadata.labels : { app: "main" };
  return { ...spec, selector: { matchLabels: labels }, template: { ...template, metadata: { ...metadata, labels } } };
}

function fieldsOf(value: Value): Fields {
  return isFields(value) ? value : {};
}
