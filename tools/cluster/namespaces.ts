/**
 * The network and mount namespace that a real cluster runs in. A process that only sleeps holds them; nothing on the host names them, so when the last
 * process ends they are gone with all mounts, interfaces and rules in them.
 */
import { existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../lib/errors";
import { exec } from "../lib/exec";
import { cacheDir, root, stateDir } from "../lib/paths";
import { interfaceName, type Cidr, type Subnet } from "./names";
import { assertRunning, commandOf, ensureProcess, pidOf } from "./processes";
import { serviceCidr } from "./settings";
import { replaceFile } from "./state";

const holder = "namespaces";

/**
 * Runs inside, with the cluster's folder and directories to keep in sight as arguments.
 * Host mounts come in, ours don't go out. /var/lib and /var/log are the cluster's own, /run and the CNI's state are gone after a stop: programs keep their
 * standard paths and write nothing on the host. A clone or cache below one of these paths is put back in its place.
 */
const enter = `set -eu
mount --make-rshared /
dir=$1; shift
exec 3<"$1" 4<"$2" 5<"$3"
resolv=$(readlink -f /etc/resolv.conf || true)
text=$(cat /etc/resolv.conf 2>/dev/null || true)
mkdir -p "$dir/var/lib" "$dir/var/log"
mount --bind "$dir/var/lib" /var/lib
mount --bind "$dir/var/log" /var/log
mount -t tmpfs -o mode=755 run /run
mkdir -p /var/lib/cni
mount -t tmpfs -o mode=700 cni /var/lib/cni
n=3
for keep in "$@"; do
  case "$keep/" in /var/lib/*|/var/log/*|/run/*) mkdir -p "$keep"; mount --no-canonicalize --bind "/proc/self/fd/$n" "$keep";; esac
  n=$((n+1))
done
case "$resolv" in /run/*) mkdir -p "$(dirname "$resolv")"; printf '%s\\n' "$text" >"$resolv";; esac
exec 3<&- 4<&- 5<&-
exec sleep infinity`;

/** Networks of the host's interfaces and routes, for choosing one that is free. Without the cluster's own interface. */
export async function takenNetworks(id: string, env: NodeJS.ProcessEnv): Promise<Cidr[]> {
  const own = interfaceName(id);
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? []).filter((address) => address.family === "IPv4" && address.cidr && name !== own).map((address) => address.cidr ?? ""),
  );
  const { stdout } = await exec("ip", ["-4", "-o", "route", "show"], { env });
  const routes = stdout
    .split("\n")
    .filter((line) => !line.includes(` dev ${own}`))
    .map((line) => /^(?:\w+ )?(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)\b/.exec(line)?.[1])
    .filter((route) => route !== undefined);
  return [...addresses, ...routes];
}

/** Arguments to put before a command so that it runs inside; undefined when nothing holds the namespaces. */
export function insidePrefix(dir: string, what: readonly ("--mount" | "--net")[] = ["--mount", "--net"]): string[] | undefined {
  const pid = pidOf(dir, holder);
  return pid === undefined || !hasNamespaces(pid) ? undefined : ["nsenter", `--target=${pid}`, ...what, "--"];
}

/** Whether the namespaces are there and were set up to the end. */
export function namespacesReady(dir: string): boolean {
  const pid = pidOf(dir, holder);
  return pid !== undefined && hasNamespaces(pid) && readIfThere(readyFile(dir)) === String(pid);
}

/** Holds the id of the process whose namespaces are set up. */
const readyFile = (dir: string) => join(dir, "run", "namespaces-ready");

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** Makes the namespaces where nothing holds them, and the cable to the host. @param through a process that is inside still, when only the holder was killed */
export async function ensureNamespaces(dir: string, id: string, subnet: Subnet, env: NodeJS.ProcessEnv, through?: number): Promise<void> {
  if (namespacesReady(dir)) return;
  mkdirSync(cacheDir, { recursive: true });
  const args = ["-c", enter, "sh", dir, ...[root, stateDir, cacheDir].map((path) => realpathSync(path))];
  const joinPrefix = through === undefined ? undefined : ["nsenter", `--target=${through}`, "--mount", "--net", "--"];
  if (joinPrefix) await ensureProcess(dir, id, { name: holder, command: "sleep", args: ["infinity"], env, prefix: joinPrefix });
  else await ensureProcess(dir, id, { name: holder, command: "sh", args, env, prefix: ["unshare", "--mount", "--net", "--propagation", "slave", "--"] });
  for (let pid = pidOf(dir, holder); ; pid = pidOf(dir, holder)) {
    assertRunning(dir, holder);
    if (pid !== undefined && commandOf(pid) === "sleep") break;
    await sleep(10);
  }
  if (!joinPrefix) await connect(dir, id, subnet, env);
  replaceFile(readyFile(dir), String(pidOf(dir, holder)));
}

/** Whether the namespaces of a process can be entered; not those of one that is ending. */
export function hasNamespaces(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) !== "" && readlinkSync(`/proc/${pid}/ns/mnt`) !== "";
  } catch {
    return false;
  }
}

async function connect(dir: string, id: string, subnet: Subnet, env: NodeJS.ProcessEnv): Promise<void> {
  const name = interfaceName(id);
  const pid = pidOf(dir, holder);
  const inside = insidePrefix(dir, ["--net"]) ?? [];
  await removeInterface(id, env);
  await exec("ip", ["link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", String(pid)], { env });
  await exec("ip", ["address", "add", `${subnet.host}/30`, "dev", name], { env });
  await exec("ip", ["link", "set", name, "up"], { env });
  const run = (...command: string[]) => exec(inside[0] ?? "", [...inside.slice(1), ...command], { env });
  await run("ip", "link", "set", "lo", "up");
  await run("ip", "address", "add", `${subnet.node}/30`, "dev", "eth0");
  await run("ip", "link", "set", "eth0", "up");
  // There is no way out, so that a pod which tries fails at once. Addresses of Services must be routable for the rules that translate them to be asked.
  await run("ip", "route", "add", serviceCidr, "dev", "eth0", "src", subnet.node);
  for (const [setting, value] of [
    ["net/ipv4/ip_forward", 1],
    ["net/bridge/bridge-nf-call-iptables", 1],
    ["net/bridge/bridge-nf-call-ip6tables", 1],
  ] as const) {
    const { code } = await exec(inside[0] ?? "", [...inside.slice(1), "sh", "-c", `echo ${value} >/proc/sys/${setting}`], { env, allowFailure: true });
    if (code !== 0)
      throw new UserError(`the kernel has no setting ${setting}`, {
        fix: "load the kernel module br_netfilter (modprobe br_netfilter), then run the same command again",
      });
  }
}

/** Deletes the host's end of the cable; the other end goes with it. The kernel does so too, a moment after the last process inside has ended. */
export async function removeInterface(id: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (!interfaceExists(id)) return;
  await exec("ip", ["link", "delete", interfaceName(id)], { env, allowFailure: true }).catch(() => undefined);
  for (let attempt = 0; interfaceExists(id) && attempt < 100; attempt++) await sleep(20);
  if (interfaceExists(id)) throw new UserError(`network interface ${interfaceName(id)} can't be removed`, { fix: `ip link delete ${interfaceName(id)}` });
}

function interfaceExists(id: string): boolean {
  return readFileSync("/proc/net/dev", "utf8").includes(`${interfaceName(id)}:`);
}
