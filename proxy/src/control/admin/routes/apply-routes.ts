import { z } from '@hono/zod-openapi';
import { slug, type ObjectKind } from '@causeway/contract';
import { requirePermission, requireProof } from '../caller.ts';
import { takeKeys } from '../certificate-changes.ts';
import { CONFIGURING, isDangerous, kindPermission } from '../permissions.ts';
import type { ObjectChange } from '../../objects/model.ts';
import { route } from '../route.ts';
import { authorOf } from './object-routes.ts';
import { changeComment, objectKind, outcome } from './object-schemas.ts';

const placement = z.union([
  z.enum(['first', 'last']),
  z.strictObject({ before: slug }),
  z.strictObject({ after: slug }),
]);

const change = z
  .strictObject({
    kind: objectKind,
    name: z.string().max(100),
    op: z.enum(['put', 'delete']),
    body: z.record(z.string(), z.unknown()).optional(),
    ifRevision: z.int().min(1).max(2_147_483_647).nullable().optional().describe('what you have seen; null: nothing'),
    position: placement.optional(),
  })
  .meta({ id: 'Change' });

export const applyRoutes = {
  'POST /apply': route(
    {
      summary: 'Change many objects of the working set, all or none; on request publish what comes of it',
      permission: 'any',
      oneOf: CONFIGURING,
      body: z.strictObject({
        changes: z.array(change).max(200_000),
        comment: changeComment,
        dryRun: z.boolean().default(false).describe('say what would come of it, and whether it could be published'),
        publish: z.boolean().default(false).describe('only what can be published is changed then'),
        order: z
          .partialRecord(objectKind, z.array(slug).max(200_000))
          .optional()
          .describe('per kind: these come in this order afterwards'),
      }),
      answer: z.object({
        version: z.int().describe('of the working set'),
        outcomes: z.array(outcome),
        warnings: z.array(z.string()),
        snapshot: z.int().nullable().describe('that was published'),
      }),
      bodyBytes: 64 * 1024 * 1024,
      problems: [
        'CW_MANAGED',
        'CW_NOT_FOUND',
        'CW_PRECONDITION_FAILED',
        'CW_SNAPSHOT_REFUSED',
        'CW_FORBIDDEN',
        'CW_STEP_UP_REQUIRED',
      ],
    },
    async (input) => {
      const { services, caller, body } = input;
      const kinds = new Set<ObjectKind>(body.changes.map(({ kind }) => kind));
      for (const kind of Object.keys(body.order ?? {}) as ObjectKind[]) kinds.add(kind);
      for (const kind of kinds) requirePermission(caller, kindPermission(kind, 'write'));
      if (!body.dryRun && [...kinds].some(isDangerous)) requireProof(caller, services.now());
      if (body.publish) requirePermission(caller, 'snapshots:publish');
      const { changes, keep } = await takeKeys(services.secrets, body.changes as ObjectChange[], services.now());
      const by = authorOf(input, body.comment);
      const options = body.order === undefined ? {} : { order: body.order };
      if (body.dryRun || body.publish) {
        const { result, warnings } = await services.snapshots.rehearse(changes, by, options);
        if (body.dryRun) return { ...mutable(result), warnings: [...warnings], snapshot: null };
      }
      await keep();
      const result = await services.objects.apply(changes, by, options);
      if (!body.publish) return { ...mutable(result), warnings: [], snapshot: null };
      const { number, warnings } = await services.snapshots.publish({ actor: caller.actor, comment: body.comment });
      return { ...mutable(result), warnings: [...warnings], snapshot: number };
    },
  ),
};

type Outcomes = z.input<typeof outcome>[];

export function mutable(result: { readonly version: number; readonly outcomes: readonly unknown[] }) {
  return { version: result.version, outcomes: result.outcomes as Outcomes };
}
