/** Protections of the runtime that are on unless a pod switches them off. */
import { all, each } from "../../each";
import type { Pod } from "../../pods";
import { podPolicy, problem, problemIf, type Problem } from "../../policy";
import type { View } from "../../values";

/* Lists of the Pod Security Standards' baseline, from k8s.io/pod-security-admission v0.36.3. */
export const safeSysctls = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
]);
const seLinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const appArmorTypes = ["RuntimeDefault", "Localhost"];
/** How AppArmor was set before it had a field; still read. */
const appArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/";

export const noUnsafeOverrides = podPolicy({
  number: 19,
  name: "no-unsafe-overrides",
  title: "pods override neither unsafe kernel settings, the mask of /proc, nor SELinux or AppArmor",
  why: "Each takes away a wall that stands between a container and its node, though the container looks like any other.",
  fix: "leave out what the message names; the runtime's defaults are the safe ones",
  group: "workload",
  severity: "high",
  controls: { cis: ["5.7.3"], nsa: ["pod security"], nist: ["CM-7"] },
  check: (pod) =>
    all(
      () => each(pod.spec.list("securityContext.sysctls"), sysctl),
      () => confinement(pod.spec.view("securityContext")),
      () => each(pod.containers(), ({ view }) => container(view.view("securityContext"))),
      () => annotations(pod),
    ),
});

function sysctl(setting: View): readonly Problem[] {
  return problemIf(!safeSysctls.has(setting.string("name") ?? ""), setting, "name", "must be a setting that concerns the pod only");
}

function container(context: View): readonly Problem[] {
  return all(
    () => problemIf((context.string("procMount") ?? "Default") !== "Default", context, "procMount", "must be Default or left out"),
    () => confinement(context),
  );
}

/** SELinux and AppArmor, of a pod or a container. */
function confinement(context: View): readonly Problem[] {
  const seLinux = context.view("seLinuxOptions");
  const appArmor = context.view("appArmorProfile");
  return all(
    () => problemIf(!seLinuxTypes.includes(seLinux.string("type") ?? ""), seLinux, "type", `must be one of ${seLinuxTypes.slice(1).join(", ")}, or left out`),
    () => each(["user", "role"], (field) => (seLinux.string(field) ? [problem(seLinux, field, "must be left out")] : [])),
    () =>
      appArmor.known() === undefined
        ? []
        : problemIf(!appArmorTypes.includes(appArmor.string("type") ?? ""), appArmor, "type", `must be ${appArmorTypes.join(" or ")}`),
  );
}

function annotations(pod: Pod): readonly Problem[] {
  const own = pod.metadata.entries("annotations").filter(([key]) => key.startsWith(appArmorAnnotation));
  return each(own, ([, value]) => {
    const profile = value.string("") ?? "";
    return problemIf(!/^($|runtime\/default$|localhost\/)/.test(profile), value, "", "must be runtime/default or localhost/<profile>");
  });
}
