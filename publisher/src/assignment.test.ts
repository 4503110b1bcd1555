import { describe, expect, it } from 'vitest';
import { Assignment } from './assignment.ts';

describe('Assignment', () => {
  const assignment = new Assignment();
  assignment.put([
    {
      name: 'intranet',
      targets: [
        { host: 'intranet.corp.example', ports: ['tcp/80', 'tcp/8000-8010', 'udp/53'] },
        { host: '10.0.0.0/8', ports: ['tcp/22'] },
      ],
    },
  ]);

  it.each([
    ['intranet', 'intranet.corp.example', 80, true],
    ['intranet', 'intranet.corp.example', 8005, true],
    ['intranet', 'intranet.corp.example', 53, false],
    ['intranet', 'wiki.corp.example', 80, false],
    ['intranet', '10.2.3.4', 22, true],
    ['intranet', '10.2.3.4', 80, false],
    ['wiki', 'intranet.corp.example', 80, false],
    [undefined, 'intranet.corp.example', 80, false],
  ])('%s %s:%i → %s', (app, host, port, permit) => {
    expect(assignment.permits(app, host, port).permit).toBe(permit);
  });

  it('replaces the whole list', () => {
    const other = new Assignment();
    other.put([{ name: 'a', targets: [] }]);
    other.put([{ name: 'b', targets: [] }]);
    expect(other.names).toEqual(['b']);
  });
});
