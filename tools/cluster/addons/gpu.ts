/** GPUs that nodes show: a number in their status, and the labels that GPU feature discovery sets. No device is behind them. */
import { classLabel } from "../../../stacks/gpu";

/** An A100 with 40 GiB, as NVIDIA's GPU feature discovery labels it, and the class that administrators give it. Values are strings. */
export function gpuLabels(count: number): Record<string, string> {
  if (count === 0) return {};
  return {
    [classLabel]: "A100",
    "nvidia.com/gpu.present": "true",
    "nvidia.com/gpu.count": String(count),
    "nvidia.com/gpu.product": "A100-SXM4-40GB",
    "nvidia.com/gpu.memory": "40960",
    "nvidia.com/gpu.family": "ampere",
    "nvidia.com/gpu.compute.major": "8",
    "nvidia.com/gpu.compute.minor": "0",
    "nvidia.com/gpu.replicas": "1",
    "nvidia.com/gpu.sharing-strategy": "none",
    "nvidia.com/mig.capable": "true",
    "nvidia.com/mig.strategy": "none",
    "nvidia.com/cuda.driver-version.full": "580.95.05",
    "nvidia.com/cuda.driver-version.major": "580",
    "nvidia.com/cuda.driver-version.minor": "95",
    "nvidia.com/cuda.driver-version.revision": "05",
    "nvidia.com/cuda.runtime-version.full": "13.0",
    "nvidia.com/cuda.runtime-version.major": "13",
    "nvidia.com/cuda.runtime-version.minor": "0",
  };
}

export const gpuResource = "nvidia.com/gpu";

/** Keeps pods that need no GPU off nodes that have some. */
export const gpuTaint = { key: gpuResource, value: "present", effect: "NoSchedule" } as const;
