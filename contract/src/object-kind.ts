/**
 * The kinds of configuration objects: what a published snapshot consists of. Each object has a name of its own within
 * its kind. A kind's place here says nothing of its objects' order.
 */
export const OBJECT_KINDS = [
  'publishers',
  'apps',
  'rules',
  'tags',
  'templates',
  'dlp-profiles',
  'idps',
  'steering',
  'forwarding-profiles',
  'app-profiles',
  'certificates',
  'settings',
] as const;

export type ObjectKind = (typeof OBJECT_KINDS)[number];

export function isObjectKind(value: unknown): value is ObjectKind {
  return OBJECT_KINDS.some((kind) => kind === value);
}
