import { publisherObject, type PublisherObject } from '../../../config/schema.ts';
import type { Kind } from './kind.ts';

export const publisherKind: Kind<PublisherObject> = {
  kind: 'publishers',
  schema: publisherObject,
  ordered: false,
  fields: [],
};
