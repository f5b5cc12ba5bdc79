/** Databases talk encrypted, and each consumer is its own user. */
import { all, each } from "../../each";
import type { KubeObject } from "../../objects";
import { peek } from "../../peek";
import { grouped, perStack, qualified } from "../../perStack";
import { podsOf, type Container } from "../../pods";
import { problem, problemIf, stackPolicy, type Problem } from "../../policy";
import type { Stack } from "../../stack";
import { Malformed, NotDecided, type View } from "../../values";

/** Label of a Secret that holds a role's password; its value is the role's name. */
export const databaseRole = "openshift-ai-platform/database-role";
const cnpg = "postgresql.cnpg.io/Cluster";

export const databaseTls = stackPolicy({
  number: 48,
  name: "database-tls",
  title: "databases are reached by TLS only, and each consumer has a role of its own",
  why: "In the clear, passwords and chats are read by whoever sees the network. With a role for all, one consumer that is taken over has everybody's data, and a password can't be changed for one.",
  fix: `ask with sslmode=verify-full (or require and channel_binding=require) or rediss://, serve TLS only, and give each workload a role and a Secret (label ${databaseRole})`,
  group: "data",
  severity: "high",
  controls: { nsa: ["encryption"], nist: ["AC-6", "SC-8"] },
  layer: "data",
  subjects: (stack) => stack.objects.filter((object) => object.is(cnpg) || (object.is("/Secret") && isRole(object)) || podsOf(object).length > 0),
  check: (subject, view, stack) => {
    if (subject.is(cnpg)) return postgres(view);
    if (subject.is("/Secret")) return oneConsumer(subject, view, stack);
    return each(podsOf(subject), (pod) => each(pod.containers(), container));
  },
});

function isRole({ value }: KubeObject): boolean {
  return peek(value, "metadata", "labels", databaseRole) !== undefined;
}

/** CloudNativePG serves TLS unless it is told not to; who may come without is said in pg_hba. */
function postgres(view: View): readonly Problem[] {
  return all(
    () => problemIf(view.string("spec.postgresql.parameters.ssl") === "off", view, "spec.postgresql.parameters.ssl", "must not be off"),
    () => each(view.list("spec.postgresql.pg_hba"), (line) => problemIf(/^\s*host(nossl|nogssenc|gssenc)?\s/.test(line.string("") ?? ""), line, "", "must be hostssl")), // prettier-ignore
    () => problemIf(view.boolean("spec.enableSuperuserAccess") === true, view, "spec.enableSuperuserAccess", "must not be true"),
    () => each(view.list("spec.managed.roles"), (role) => problemIf(role.boolean("superuser") === true, role, "superuser", "must not be true")),
  );
}

function container({ view }: Container): readonly Problem[] {
  return all(
    () => each(view.list("env"), (one) => variable(one, view)),
    () => server(view),
  );
}

/** Addresses that are written down; of those in Secrets, the content is nobody's business here. */
function variable(one: View, of: View): readonly Problem[] {
  const value = one.string("value") ?? "";
  const name = one.string("name");
  // The value may hold a password.
  const refuse = (message: string) => [problem(one, "value", message, "(not shown)")];
  if (name === "PGSSLMODE")
    return isVerified(value, () => bindingOf(of)) ? [] : refuse("must be verify-full or verify-ca, or require with PGCHANNELBINDING=require");
  if (/^redis:\/\//.test(value)) return refuse("must begin with rediss://");
  const [, query = ""] = /^postgres(?:ql)?(?:\+\w+)?:\/\/[^?]*(?:\?(.*))?$/.exec(value) ?? [];
  if (!/^postgres(ql)?(\+\w+)?:\/\//.test(value)) return [];
  const given = (key: string) => new RegExp(`(?:^|&)${key}=([^&]*)`).exec(query)?.[1] ?? "";
  return isVerified(given("sslmode"), () => given("channel_binding"))
    ? []
    : refuse("must have sslmode=verify-full or verify-ca, or require with channel_binding=require");
}

/**
 * `require` encrypts, but takes any certificate; unless the password is bound to the server's, which who does not know the password can't do
 * (SCRAM-SHA-256-PLUS, RFC 5802 and 5929).
 */
function isVerified(mode: string, binding: () => string): boolean {
  return mode === "verify-full" || mode === "verify-ca" || (mode === "require" && binding() === "require");
}

function bindingOf(container: View): string {
  return (
    container
      .list("env")
      .find((one) => one.string("name") === "PGCHANNELBINDING")
      ?.string("value") ?? ""
  );
}

const postgresImages = ["postgres", "postgresql", "pgvector"];

/** `docker.io/library/postgres:17.0@sha256:…` → `postgres` */
function imageName(container: View): string {
  return /([^/:@]+)(:[^/@]*)?(@.*)?$/.exec(container.string("image") ?? "")?.[1] ?? "";
}

/** Servers in pods: what they are started with. */
function server(view: View): readonly Problem[] {
  const image = imageName(view);
  const args = ["command", "args"].flatMap((list) => view.strings(list)).join(" ");
  if (["redis", "valkey", "redis-stack-server"].includes(image))
    return problemIf(!/--tls-port [1-9]/.test(args) || !/--port 0\b/.test(args), view, "args", "must have --tls-port, and --port 0");
  if (postgresImages.includes(image)) return problemIf(!/-c ?ssl=on\b/.test(args), view, "args", "must have -c ssl=on");
  return [];
}

interface Use {
  readonly secret: string;
  readonly consumer: string;
}

/** Secrets that pods use, by namespace and name. What is malformed is refused where it is; what is unknown may be any. */
const uses = perStack((stack) => {
  const found: Use[] = [];
  const unknown: NotDecided[] = [];
  for (const object of stack.objects.filter(({ kind }) => kind !== "Secret")) {
    try {
      found.push(...usesOf(object));
    } catch (error) {
      if (error instanceof NotDecided) unknown.push(error);
      else if (!(error instanceof Malformed)) throw error;
    }
  }
  return { bySecret: grouped(found, ({ secret }) => secret), unknown };
});

function usesOf(object: KubeObject): readonly Use[] {
  const consumer = qualified(object);
  const use = (name: string | undefined): readonly Use[] =>
    name === undefined ? [] : [{ secret: qualified({ namespace: object.namespace, name }), consumer }];
  // The server is told the passwords of all roles.
  const consuming = podsOf(object).filter((pod) => !pod.containers().some(({ view }) => postgresImages.includes(imageName(view))));
  return consuming.flatMap((pod) => [
    ...pod
      .volumes()
      .flatMap((volume) => [
        ...use(volume.string("secret.secretName")),
        ...volume.list("projected.sources").flatMap((source) => use(source.string("secret.name"))),
      ]),
    ...pod
      .containers()
      .flatMap(({ view }) => [
        ...view.list("env").flatMap((one) => use(one.string("valueFrom.secretKeyRef.name"))),
        ...view.list("envFrom").flatMap((one) => use(one.string("secretRef.name"))),
      ]),
  ]);
}

function oneConsumer(subject: KubeObject, view: View, stack: Stack): readonly Problem[] {
  const label = view.view("metadata.labels").at(databaseRole);
  label.known();
  const { bySecret, unknown } = uses(stack);
  const consumers = [...new Set((bySecret.get(qualified(subject)) ?? []).map(({ consumer }) => consumer))];
  if (consumers.length > 1) return [problem(label, "", `must be the role of one workload, not of ${consumers.join(" and ")}`)];
  for (const error of unknown) throw error;
  return [];
}
