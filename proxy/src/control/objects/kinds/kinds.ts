import type { ObjectKind } from '@causeway/contract';
import { appProfileKind } from './app-profile.ts';
import { templateKind } from './block-template.ts';
import { certificateKind } from './custom-certificate.ts';
import { dlpProfileKind } from './dlp-profile.ts';
import { forwardingProfileKind } from './forwarding-profile.ts';
import { idpKind } from './identity-provider.ts';
import { ruleKind } from './policy-rule-kind.ts';
import { appKind } from './private-app-kind.ts';
import { publisherKind } from './publisher-kind.ts';
import { settingsKind } from './settings.ts';
import { steeringKind } from './steering.ts';
import { tagKind } from './tag.ts';

/** Every kind by its name. */
export const KINDS = {
  publishers: publisherKind,
  apps: appKind,
  rules: ruleKind,
  tags: tagKind,
  templates: templateKind,
  'dlp-profiles': dlpProfileKind,
  idps: idpKind,
  steering: steeringKind,
  'forwarding-profiles': forwardingProfileKind,
  'app-profiles': appProfileKind,
  certificates: certificateKind,
  settings: settingsKind,
} as const satisfies Readonly<Record<ObjectKind, { readonly kind: ObjectKind }>>;

/** The checked body of each kind's objects. */
export type BodyOf<K extends ObjectKind> = (typeof KINDS)[K]['schema']['_output'];
