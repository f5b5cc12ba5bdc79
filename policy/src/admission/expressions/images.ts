/** Images and models, in CEL. */
import { modelAnnotation, modelNameForm } from "../../models";
import { referenceForm } from "../../images";
import { registriesOf } from "../../policies/images/registry";
import { holds, listed, quoted, type Resources, type RuleOf, type Validation } from "../rule";

/** Images of all containers and volumes. */
const images: Readonly<Record<string, string>> = {
  images: "variables.containers.map(c, c.?image.orValue('')) + variables.volumes.filter(v, v.?image.hasValue()).map(v, v.?image.?reference.orValue(''))",
};
/** A form as RE2 reads it: without names of its groups. */
const form = referenceForm.source.replaceAll(/\(\?<\w+>/g, "(");
const valid = `i.matches(${quoted(form)})`;
const digest = "i.matches('@sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$')";

function eachImage(ok: string, required: string): Validation {
  return { expression: `variables.images.all(i, ${ok})`, message: `'images ' + variables.images.filter(i, !(${ok})).join(', ') + ': ' + ${quoted(required)}` };
}

export const imagesRules: Readonly<Record<string, RuleOf>> = {
  "image-pinned": ({ settings: { environment } }) => ({
    on: "pods",
    variables: images,
    validations: [
      eachImage(valid, "must be references of images: registry/repository:tag@sha256:…"),
      environment === "production"
        ? eachImage(digest, "must have a digest in production")
        : eachImage(`${digest} || (i.matches('[^/]:[^/@]+$') && !i.endsWith(':latest'))`, "must have a tag other than latest, or a digest"),
    ],
  }),

  "image-registry": ({ settings }) => {
    const allowed = registriesOf(settings);
    // Docker Hub's short names have no registry: what stands before the first slash is one only if it looks like one.
    const hosted = "(i.contains('/') && (i.split('/')[0].matches('[.:A-Z]') || i.split('/')[0] == 'localhost'))";
    const onHub = "i.startsWith('docker.io/') || i.startsWith('index.docker.io/')";
    const short = "i.replace('index.docker.io/', '').replace('docker.io/', '')";
    const hub = `(${short}.contains('/') ? 'docker.io/' + ${short} : 'docker.io/library/' + ${short})`;
    const name = `(!${hosted} || ${onHub} ? ${hub} : i)`;
    return {
      on: "pods",
      variables: { ...images, names: `variables.images.map(i, ${name})` },
      validations: [
        eachImage(valid, "must be references of images: registry/repository:tag@sha256:…"),
        {
          expression: `variables.names.all(i, ${listed(allowed)}.exists(r, i.startsWith(r + '/') || (r.contains('/') && (i == r || i.startsWith(r + ':') || i.startsWith(r + '@')))))`,
          message: quoted(`images must come from ${allowed.join(", ")}`),
        },
      ],
    };
  },

  "model-approved": ({ settings: { environment, layers } }) => {
    const production = environment === "production";
    const digestOfSource = "variables.source.matches('@sha256:[0-9a-f]{64}$')";
    const approved: readonly Validation[] = [
      holds(
        `!${digestOfSource} || variables.source.endsWith('@' + variables.approved)`,
        `the annotation ${modelAnnotation.approved} must be the digest of the source: that of the approval`,
      ),
      holds("variables.by != ''", `the annotation ${modelAnnotation.approvedBy} must name who approved the model`),
    ];
    return {
      on: forModels,
      reads: ["metadata.?annotations"],
      when: `dyn(object).metadata.?annotations.orValue({}).exists(k, k in ${listed([modelAnnotation.name, modelAnnotation.source])})`,
      variables: {
        name: annotation(modelAnnotation.name),
        source: annotation(modelAnnotation.source),
        approved: annotation(modelAnnotation.approved),
        by: annotation(modelAnnotation.approvedBy),
        tag: "variables.name.split(':', 2).size() > 1 ? variables.name.split(':', 2)[1] : ''",
      },
      validations: [
        holds(
          `variables.name.matches(${quoted(modelNameForm.source)}) && size(variables.tag) <= 80 && size(variables.name.split(':')[0]) <= 63 && variables.tag.split('-').all(x, size(x) <= 63)`,
          `the annotation ${modelAnnotation.name} must be {model}:{size}-{version}-{variant} in lower case`,
        ),
        holds("variables.source != ''", `the annotation ${modelAnnotation.source} must say where the model comes from`),
        ...(production
          ? [holds(`variables.source == '' || ${digestOfSource}`, `the annotation ${modelAnnotation.source} must have a digest in production (…@sha256:…)`)]
          : []),
        ...(production && layers.includes("registry") ? approved : []),
      ],
    };
  },

  "model-licence": ({ settings: { licences } }) =>
    licences.length === 0
      ? undefined
      : {
          on: forModels,
          reads: ["metadata.?annotations"],
          when: `dyn(object).metadata.?annotations.orValue({}).exists(k, k in ${listed([modelAnnotation.name, modelAnnotation.source])})`,
          validations: [
            holds(
              `${annotation(modelAnnotation.licence)} in ${listed(licences)}`,
              `the annotation ${modelAnnotation.licence} must be one of ${licences.join(", ")}`,
            ),
          ],
        },
};

/** Kinds that load, hold or serve a model. */
const forModels: readonly Resources[] = [
  { group: "", version: "v1", resources: ["pods", "configmaps", "persistentvolumeclaims"] },
  { group: "apps", version: "v1", resources: ["deployments", "statefulsets"] },
  { group: "batch", version: "v1", resources: ["jobs", "cronjobs"] },
  { group: "argoproj.io", version: "v1alpha1", resources: ["rollouts"] },
];

function annotation(key: string): string {
  return `dyn(object).metadata.?annotations[?${quoted(key)}].orValue('')`;
}
