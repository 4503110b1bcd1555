import { z } from 'zod';
import { slug } from '@causeway/contract';
import { description, type Kind } from './kind.ts';

/** Says what a tag means. Apps may carry tags that no object describes. */
const tag = z.strictObject({ name: slug, description });

export const tagKind: Kind<z.output<typeof tag>> = { kind: 'tags', schema: tag, ordered: false, fields: [] };
