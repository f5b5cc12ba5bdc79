/** Other behaviours of an autoscaler that counts requests, for docs/adr/0007-scale-up-at-once-on-requests.md. */
import { guideBehavior, type ScalingPolicy } from "../../../stacks/scaling/behavior";
import { autoscaled, type Policy } from "./policies";

const half: readonly ScalingPolicy[] = [{ type: "Percent", value: 50, periodSeconds: 60 }];
const allOr = (pods: number, periodSeconds: number): readonly ScalingPolicy[] => [
  { type: "Percent", value: 100, periodSeconds },
  { type: "Pods", value: pods, periodSeconds },
];

function behavior(name: string, upAfter: number, policies: readonly ScalingPolicy[], downAfter: number): Policy {
  const { scaleDown } = guideBehavior;
  return autoscaled(name, {
    cpu: "gpuServer",
    behavior: { scaleUp: { stabilizationWindowSeconds: upAfter, policies }, scaleDown: { ...scaleDown, stabilizationWindowSeconds: downAfter } },
    requests: {},
  });
}

export const alternatives: readonly Policy[] = [
  behavior("up after 300 s, half of the pods a minute; down after 600 s: the guide", 300, half, 600),
  behavior("up after 60 s", 60, half, 600),
  behavior("up after 30 s", 30, half, 600),
  behavior("**up at once**", 0, half, 600),
  behavior("up at once, all or 2 pods a minute", 0, allOr(2, 60), 600),
  behavior("up at once, all or 4 pods in 15 s", 0, allOr(4, 15), 600),
  behavior("up at once; down after 300 s", 0, half, 300),
  behavior("up at once; down after 1200 s", 0, half, 1200),
];
