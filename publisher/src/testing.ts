/** For other workspaces' tests alone: what a `publisher.yaml` means to a publisher, without running one. */
export { AllowList } from './allow-list.ts';
export { parseConfig } from './config.ts';
export { TargetMap } from './target-map.ts';
