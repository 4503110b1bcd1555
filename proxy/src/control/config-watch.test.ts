import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchFiles, type ConfigWatch } from './config-watch.ts';

const SOON = { timeout: 5_000, interval: 10 };

describe('watchFiles', () => {
  let dir: string;
  let watch: ConfigWatch;
  const onChange = vi.fn<() => void>();

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'causeway-watch-'));
    writeFileSync(join(dir, 'a.yaml'), '1');
    onChange.mockClear();
    watch = watchFiles(onChange, pino({ level: 'silent' }), 30);
    watch.follow([join(dir, 'a.yaml')]);
  });

  afterEach(() => {
    watch.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('notices a file that is written, one that is replaced, and tells once for a burst', async () => {
    for (let n = 0; n < 5; n++) writeFileSync(join(dir, 'a.yaml'), String(n));
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledOnce(), SOON);
    writeFileSync(join(dir, 'a.new'), 'x');
    renameSync(join(dir, 'a.new'), join(dir, 'a.yaml'));
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2), SOON);
    writeFileSync(join(dir, 'a.yaml'), 'again');
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(3), SOON);
  });

  it('leaves other files alone, and follows others when told', async () => {
    writeFileSync(join(dir, 'b.yaml'), '1');
    watch.follow([join(dir, 'c.yaml')]);
    writeFileSync(join(dir, 'a.yaml'), '2');
    writeFileSync(join(dir, 'c.yaml'), '2');
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledOnce(), SOON);
  });

  it('goes on where a folder does not exist', () => {
    watch.follow([join(dir, 'missing', 'x.yaml')]);
    expect(onChange).not.toHaveBeenCalled();
  });
});
