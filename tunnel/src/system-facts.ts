import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname, platform, release } from 'node:os';
import type { SystemFacts } from '@causeway/contract';

/** Where systems say what they are; none of them is on every one. */
export interface FactSources {
  /** `os-release(5)`. */
  readonly release: string;
  /** `machine-id(5)`: secret outside of the machine, so only a hash of it leaves. */
  readonly machineId: string;
  readonly model: string;
}

const LINUX: FactSources = {
  release: '/etc/os-release',
  machineId: '/etc/machine-id',
  model: '/sys/class/dmi/id/product_name',
};

/** What this machine is; what cannot be found out is empty. */
export async function readSystemFacts(sources: FactSources = LINUX): Promise<SystemFacts> {
  const [described, machineId, model] = await Promise.all([
    textOf(sources.release),
    textOf(sources.machineId),
    textOf(sources.model),
  ]);
  const named = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(described)?.[1] ?? '';
  return {
    hostName: hostname().slice(0, 255),
    os: platform().slice(0, 50),
    osVersion: (named === '' ? release() : `${named}, ${release()}`).slice(0, 100),
    model: model.trim().slice(0, 100),
    machine: machineId.trim() === '' ? '' : createHash('sha256').update(`causeway\n${machineId.trim()}`).digest('hex'),
  };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return '';
  }
}
