import * as at from '../layout.gen.ts';
import type { ImageLayout } from './image-layout.ts';

/** Writes the layout as `policyLoad` takes it. */
export function writeTable(view: DataView, layout: ImageLayout): void {
  const entries: readonly (readonly [number, number])[] = [
    [at.POLICY_TABLE_RULES_AT, layout.rulesAt],
    [at.POLICY_TABLE_RANGES_AT, layout.rangesAt],
    [at.POLICY_TABLE_PORT_LISTS_AT, layout.portListsAt],
    [at.POLICY_TABLE_WINDOWS_AT, layout.windowsAt],
    [at.POLICY_TABLE_TIME_LISTS_AT, layout.timeListsAt],
    [at.POLICY_TABLE_APPS_AT, layout.appsAt],
    [at.POLICY_TABLE_SPANS_AT, layout.spansAt],
    [at.POLICY_TABLE_SPAN_LISTS_AT, layout.spanListsAt],
    [at.POLICY_TABLE_SETS_AT, layout.setsAt],
    [at.POLICY_TABLE_PAYLOAD_AT, layout.payloadAt],
    [at.POLICY_TABLE_RULES, layout.rules],
    [at.POLICY_TABLE_EVERY_APP_RULES, layout.everyAppRules],
    [at.POLICY_TABLE_RANGES, layout.ranges],
    [at.POLICY_TABLE_PORT_LISTS, layout.portLists],
    [at.POLICY_TABLE_WINDOWS, layout.windows],
    [at.POLICY_TABLE_TIME_LISTS, layout.timeLists],
    [at.POLICY_TABLE_DESTINATION_LISTS, layout.destinationLists],
    [at.POLICY_TABLE_UNITS, layout.units],
    [at.POLICY_TABLE_APPS, layout.apps],
    [at.POLICY_TABLE_SPANS, layout.spans],
    [at.POLICY_TABLE_SPAN_LISTS, layout.spanLists],
    [at.POLICY_TABLE_FIRST_MIXED, layout.firstMixed],
    [at.POLICY_TABLE_FIRST_DESTINATION, layout.firstDestination],
    [at.POLICY_TABLE_DESTINATIONS, layout.destinationNames + layout.destinationPrefixes],
  ];
  for (const [place, value] of entries) view.setUint32(place, value, true);
}
