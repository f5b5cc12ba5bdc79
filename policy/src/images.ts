/** References of images, and where pods name them. */
import type { Pod } from "./pods";
import { isFields, UNKNOWN, type View } from "./values";

export interface ImageReference {
  /** Registry: `docker.io` where the reference has none. */
  readonly host: string;
  /** With `library/` for the short names of Docker Hub. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const host = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]+)?";
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const digest = "sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}";
/** The form of a reference. */
export const referenceForm = new RegExp(
  `^(?:(?<host>${host})/)?(?<path>${component}(?:/${component})*)(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>${digest}))?$`,
);

/** Reads a reference as container runtimes do; undefined where it is none. github.com/distribution/reference, normalize.go */
export function parseImage(text: string): ImageReference | undefined {
  const slash = text.indexOf("/");
  const first = text.slice(0, Math.max(slash, 0));
  // What stands before the first slash is a registry only if it looks like one: `library/nginx` has none.
  const registry = /[.:A-Z]/.test(first) || first === "localhost";
  const groups = referenceForm.exec(registry ? text : `docker.io/${text}`)?.groups;
  if (groups?.host === undefined || groups.path === undefined) return undefined;
  const hub = groups.host === "docker.io" || groups.host === "index.docker.io";
  const repository = hub && !groups.path.includes("/") ? `library/${groups.path}` : groups.path;
  return { host: hub ? "docker.io" : groups.host, repository, tag: groups.tag, digest: groups.digest };
}

/** `docker.io/library/nginx` */
export function nameOf({ host, repository }: ImageReference): string {
  return `${host}/${repository}`;
}

/** All that a pod pulls: images of its containers, and of its volumes. @throws NotDecided where a list is unknown, Malformed */
export function imagesOf(pod: Pod): readonly View[] {
  const volumes = pod.spec.list("volumes").filter(({ value }) => isFields(value) && isFields(value.image));
  return [...pod.containers().map((container) => imageOf(container.view)), ...volumes.map((volume) => volume.view("image.reference"))];
}

/** An unknown container has an unknown image: reading that is what tells. */
function imageOf(container: View): View {
  return container.value === UNKNOWN ? container : container.view("image");
}
