import { sql, type Kysely } from 'kysely';
import type { EventQuery } from '../../rpc/messages.ts';
import type { StoreTables } from '../store/schema.ts';
import { holds, narrowed } from './search.ts';

/** By what events can be counted. */
export const COUNTED = [
  'kind',
  'app',
  'rule',
  'action',
  'why',
  'user',
  'device',
  'address',
  'status',
  'method',
] as const;

export interface EventCountsRequest {
  readonly by: (typeof COUNTED)[number];
  /** Not before, milliseconds since 1970. */
  readonly from: number;
  /** Before; more than `from`. */
  readonly to: number;
  /** Equal parts of that time. */
  readonly buckets: number;
  /** Values counted by themselves, the most frequent; the others are counted together. */
  readonly top: number;
}

export interface EventCounts {
  /** Length of a bucket, milliseconds. */
  readonly bucketMs: number;
  /** From here on everything is counted: later than `from` where there are too many events for one answer. */
  readonly countedFrom: number;
  /** The most frequent values first; `null`: events without one. */
  readonly values: readonly { readonly value: string | null; readonly count: number }[];
  /** Of those that are not among `values`. */
  readonly others: number;
  /** Those that are not empty. `counts` are those of `values`, in their order. */
  readonly buckets: readonly { readonly at: number; readonly counts: readonly number[]; readonly others: number }[];
}

/** Events that one answer counts, the newest; fewer where each has to be looked at, or nearly each has its own value. */
const MAX_COUNTED = 100_000;
const MAX_LOOKED_AT = 20_000;
const MANIFOLD: readonly EventCountsRequest['by'][] = ['user', 'device', 'address'];

/** How many events the query finds in each part of a time, by the values of a field. */
export async function countEvents(
  db: Kysely<StoreTables>,
  query: EventQuery,
  { by, from, to, buckets, top }: EventCountsRequest,
  limit?: number,
): Promise<EventCounts> {
  const bucketMs = Math.ceil((to - from) / buckets);
  const within = { ...query, since: Math.max(from, query.since ?? from), until: Math.min(to, query.until ?? to) };
  const { found, others } = narrowed(db.selectFrom('event').orderBy('at', 'desc').orderBy('seq', 'desc'), within);
  const needed = [...others.map(({ column }) => column), ...(query.text === undefined ? [] : (['words'] as const))];
  const few = needed.length > 0 || MANIFOLD.includes(by);
  const most = limit ?? (few ? MAX_LOOKED_AT : MAX_COUNTED);
  const newest = found.select(['at', sql.ref(by).as('value'), ...needed]).limit(most);
  const last = await found
    .select('at')
    .limit(1)
    .offset(most - 1)
    .executeTakeFirst();
  const condition = needed.length === 0 ? sql<boolean>`1 = 1` : holds(others, query.text);
  const { rows } = await sql<Counted>`
    with counted as (
      select (at - ${sql.lit(from)}) / ${sql.lit(bucketMs)} as bucket, coalesce(cast(value as text), '') as value,
        count(*) as n
      from ${newest.as('found')} where ${condition}
      group by 1, 2
    ), most as (
      select value, row_number() over (order by sum(n) desc, value) as place
      from counted group by value order by 2 limit ${sql.lit(top)}
    )
    select counted.bucket as bucket, most.value as value, most.place as place, cast(sum(counted.n) as bigint) as n
    from counted left join most on most.value = counted.value
    group by counted.bucket, most.value, most.place
    order by counted.bucket
  `.execute(db);
  return { bucketMs, countedFrom: last?.at ?? from, ...summaryOf(rows, from, bucketMs) };
}

interface Counted {
  readonly bucket: number;
  /** Empty for events without one. */
  readonly value: string | null;
  /** Of the value among the most frequent, from 1; `null` where it is none of them. */
  readonly place: number | null;
  readonly n: number;
}

function summaryOf(
  rows: readonly Counted[],
  from: number,
  bucketMs: number,
): Pick<EventCounts, 'values' | 'others' | 'buckets'> {
  const values: { value: string | null; count: number }[] = [];
  for (const { value, place, n } of rows) {
    if (place === null) continue;
    const before = values[place - 1]?.count ?? 0;
    values[place - 1] = { value: value === '' ? null : value, count: before + n };
  }
  const buckets = new Map<number, { at: number; counts: number[]; others: number }>();
  let others = 0;
  for (const { bucket, place, n } of rows) {
    const at = from + bucket * bucketMs;
    const one = buckets.get(bucket) ?? { at, counts: values.map(() => 0), others: 0 };
    buckets.set(bucket, one);
    if (place === null) {
      one.others += n;
      others += n;
    } else {
      one.counts[place - 1] = n;
    }
  }
  return { values, others, buckets: [...buckets.values()] };
}
