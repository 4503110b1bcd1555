import { CausewayError, type ErrorCode } from '@causeway/contract';
import type { AccessQuestion, Explanation } from '../rpc/messages.ts';
import type { Device, Devices } from './devices/devices.ts';
import type { DeviceState } from './devices/device-states.ts';
import type { Directory } from './directory/directory.ts';
import { nameKey } from './directory/names.ts';
import type { PolicyView } from './policy-view.ts';

export interface AccessServices {
  readonly directory: Directory;
  readonly devices: Devices;
  readonly now: () => number;
}

interface Refusal {
  readonly code: ErrorCode;
  readonly why: string;
  /** What an administrator would do about it. */
  readonly change: string;
}

/**
 * Who may open what and why, as it would be decided: first whether person and device have access at all, then the rules.
 * Facts that are not given are those of the directory, whose groups are the login's where nobody is provisioned.
 *
 * @throws CausewayError `CW_INPUT_INVALID`, `CW_NOT_FOUND` (the device)
 */
export async function explainAccess(
  { directory, devices, now }: AccessServices,
  policy: PolicyView,
  question: AccessQuestion,
): Promise<Explanation> {
  const device = question.device === undefined ? null : await findDevice(devices, question.device, question.user);
  const user = question.user ?? device?.user;
  if (user === undefined) refuse('user', 'a person, or a device, whose owner counts then');
  if (device !== null && nameKey(device.user) !== nameKey(user)) refuse('device', `belongs to ${device.user}`);
  if (device !== null && question.method === 'browser') refuse('method', 'a device asks by agent');
  const { person, refused } = await directory.admission(user);
  const ou = question.ou ?? person?.ou ?? null;
  const who = { user, groups: question.groups ?? person?.groups ?? [], ...(ou === null ? {} : { ou }) };
  const { changes, verdict, ...explained } = await policy.explain(who, {
    method: device === null ? (question.method ?? 'browser') : 'agent',
    target: question.target,
    at: question.at ?? now(),
    ...(question.from === undefined ? {} : { from: question.from }),
  });
  const ended = [
    ...(refused === null ? [] : [{ ...PERSON[refused], code: refused }]),
    ...(device === null ? [] : ofDevice(device)),
  ];
  const [first] = ended;
  return {
    ...explained,
    verdict: first === undefined ? verdict : { action: 'block', rule: null, why: `${first.code}: ${first.why}` },
    byRules: verdict,
    changes: [...ended.map(({ change }) => change), ...changes],
    refused: first === undefined ? null : { code: first.code, why: first.why },
    groupsFrom: question.groups === undefined ? (person === null ? 'nobody' : 'directory') : 'given',
    device: device === null ? null : pick(device),
    posture: question.posture ?? [],
  };
}

const PERSON: Readonly<Record<'CW_PERSON_INACTIVE' | 'CW_PERSON_UNKNOWN', Omit<Refusal, 'code'>>> = {
  CW_PERSON_INACTIVE: {
    why: 'the person was deactivated: they cannot sign in, and what they had open was cut',
    change: 'the identity provider says by SCIM that the person is active',
  },
  CW_PERSON_UNKNOWN: {
    why: 'the identity provider keeps its people here by SCIM, and has not sent this person: they cannot sign in',
    change: 'the identity provider sends the person by SCIM; is the name spelt as there?',
  },
};

const DEVICE: Readonly<Record<Exclude<DeviceState, 'registered'>, Omit<Refusal, 'why'>>> = {
  unregistered: { code: 'CW_CERT_EXPIRED', change: 'the agent renews its certificate when it next connects' },
  quarantined: { code: 'CW_DEVICE_QUARANTINED', change: 'an administrator releases the device from quarantine' },
  'removal-pending': { code: 'CW_CERT_REVOKED', change: 'the device enrols again' },
  removed: { code: 'CW_CERT_REVOKED', change: 'the device enrols again' },
};

function ofDevice({ state, stateBy, stateWhy }: Device): Refusal[] {
  if (state === 'registered') return [];
  const why = `the device is ${state}, by ${stateBy}${stateWhy === '' ? '' : `: ${stateWhy}`}`;
  return [{ ...DEVICE[state], why }];
}

/** By id, else by the name that it has among the person's. */
async function findDevice(devices: Devices, wanted: string, user: string | undefined): Promise<Device> {
  const byId = await devices.get(wanted);
  if (byId !== null) return byId;
  const { items } = await devices.list({ limit: 2, sort: 'name', name: wanted, user });
  if (items.length > 1) refuse('device', `several devices are called ${wanted}; name it by its id`);
  const [found] = items;
  if (found === undefined) throw new CausewayError('CW_NOT_FOUND', `there is no device ${wanted}`);
  return found;
}

function pick({ id, name, user, state, os }: Device): Explanation['device'] {
  return { id, name, user, state, os };
}

function refuse(path: string, message: string): never {
  throw new CausewayError('CW_INPUT_INVALID', `${path}: ${message}`, { problems: [{ path, message }] });
}
