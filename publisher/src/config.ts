import { readFile } from 'node:fs/promises';
import { CausewayError } from '@causeway/contract';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { AllowList } from './allow-list.ts';
import { TargetMap } from './target-map.ts';

const hostPort = z.string().regex(/^(?:\[[0-9a-fA-F:.]+\]|[^:\s]{1,255}):\d{1,5}$/, 'host:port');

function compiles(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `publisher.yaml`. Everything has a default except that without `allow` the publisher opens nothing. */
export const publisherConfig = z.strictObject({
  data: z.string().min(1).optional().describe('folder of the identity and the status socket'),
  pop: hostPort.optional().describe('dial this address instead of the one that enrolment gave'),
  allow: z
    .array(
      z.string().superRefine((entry, context) => {
        const wrong = compiles(() => new AllowList([entry]));
        if (wrong !== null) context.addIssue({ code: 'custom', message: wrong });
      }),
    )
    .max(1_000)
    .default([])
    .describe('the ceiling: hosts and ports that may ever be opened'),
  map: z
    .record(z.string(), z.string())
    .superRefine((map, context) => {
      for (const [from, to] of Object.entries(map)) {
        const wrong = compiles(() => new TargetMap({ [from]: to }));
        if (wrong !== null) context.addIssue({ code: 'custom', message: wrong, path: [from] });
      }
    })
    .default({})
    .describe('names that are pinned to an address, with or without a port on both sides'),
  transport: z.enum(['tls', 'websocket', 'auto']).default('auto'),
  operations: hostPort.optional().describe('loopback address of /healthz, /readyz and /metrics'),
});
export type PublisherConfig = z.infer<typeof publisherConfig>;
export type PublisherConfigInput = z.input<typeof publisherConfig>;

/** Reads a file as plain YAML. Throws `CW_CONFIG_MISSING` or `CW_CONFIG_INVALID` with file and line. */
export async function readConfig(file: string): Promise<PublisherConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CausewayError('CW_CONFIG_MISSING', `${file}: cannot be read`, { cause: error });
  }
  return parseConfig(text, file);
}

/** @param file only for messages */
export function parseConfig(text: string, file: string): PublisherConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const wrong = document.errors.map((error) => `${file}:${lines.linePos(error.pos[0]).line}: ${firstLine(error)}`);
  if (wrong.length > 0) throw new CausewayError('CW_CONFIG_INVALID', wrong.join('\n'));
  const parsed = publisherConfig.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => {
    const where = path.map(String).join('.');
    return `${file}:${lineOf(path)}: ${where === '' ? '' : `${where}: `}${message}`;
  });
  throw new CausewayError('CW_CONFIG_INVALID', issues.join('\n'));

  /** The line of the deepest part of the path that is in the file. */
  function lineOf(path: readonly PropertyKey[]): number {
    for (let depth = path.length; depth > 0; depth--) {
      const node: unknown = document.getIn(path.slice(0, depth), true);
      const range = node !== null && typeof node === 'object' && 'range' in node ? node.range : null;
      if (Array.isArray(range) && typeof range[0] === 'number') return lines.linePos(range[0]).line;
    }
    return 1;
  }
}

/** The command line over the file: lists are added to, single values replaced. Throws `CW_CONFIG_INVALID`. */
export function overrideConfig(base: PublisherConfig, over: PublisherConfigInput): PublisherConfig {
  const parsed = publisherConfig.safeParse({
    ...base,
    ...Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined)),
    allow: [...base.allow, ...(over.allow ?? [])],
    map: { ...base.map, ...over.map },
  });
  if (parsed.success) return parsed.data;
  throw new CausewayError('CW_CONFIG_INVALID', `command line: ${z.prettifyError(parsed.error)}`);
}

function firstLine(error: Error): string {
  return error.message.split('\n', 1)[0] ?? '';
}
