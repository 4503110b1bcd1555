import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readObjects } from './object-documents.ts';

const read = (text: string) => {
  const { objects, problems } = readObjects(text, 'a.yaml');
  return { objects: objects.map(({ kind, name, spec }) => ({ kind, name, spec })), problems };
};

describe('readObjects', () => {
  it('reads documents of one object each', () => {
    const text =
      '# two\n---\nkind: tags\nname: internal\n---\nkind: apps\nname: wiki\nspec: { ports: [tcp/80] }\n---\n# end\n';
    expect(read(text)).toEqual({
      objects: [
        { kind: 'tags', name: 'internal', spec: {} },
        { kind: 'apps', name: 'wiki', spec: { ports: ['tcp/80'] } },
      ],
      problems: [],
    });
  });

  it('reads the objects of a causeway.yaml and leaves the deployment', () => {
    const text =
      'workers: 2\npublishers: [{ name: dc1 }]\nrules:\n  - { name: one, action: allow }\n  - { name: two }\n';
    expect(read(text)).toEqual({
      objects: [
        { kind: 'publishers', name: 'dc1', spec: { name: 'dc1' } },
        { kind: 'rules', name: 'one', spec: { name: 'one', action: 'allow' } },
        { kind: 'rules', name: 'two', spec: { name: 'two' } },
      ],
      problems: [],
    });
  });

  it.each([
    ['a kind that is none', 'kind: app\nname: x\n', /^a\.yaml:1:7 kind: one of .*did you mean "apps"/],
    ['a key that is none', 'kind: tags\nname: x\nspecs: {}\n', /^a\.yaml:3:1 specs: unknown key; did you mean "spec"/],
    ['a section that is none', 'ruls: []\n', /^a\.yaml:1:1 ruls: unknown key; did you mean "rules"/],
    ['a name that is none', 'kind: tags\nname: Not One\n', /^a\.yaml:2:7 name: /],
    ['an object without name', 'apps:\n  - hosts: []\n', /^a\.yaml:2:5 name: /],
    ['an entry that is no object', 'apps: [wiki]\n', /^a\.yaml:1:8 apps\.0: is no object/],
    ['a section that is no list', 'apps: { wiki: {} }\n', /^a\.yaml:1:7 apps: is no list/],
    ['a spec that is no object', 'kind: tags\nname: x\nspec: [1]\n', /^a\.yaml:3:7 spec: is no object/],
    ['a document that is no object', 'kind: tags\nname: x\n---\n- 1\n', /^a\.yaml:4:1 is no object with/],
    ['broken YAML in the second document', 'kind: tags\nname: x\n---\na: [1\n', /^a\.yaml:\d:\d+ /],
    ['a key written twice', 'kind: tags\nkind: apps\nname: x\n', /^a\.yaml:2:1 .*unique/],
  ])('refuses %s, with its place', (_what, text, problem) => {
    const { problems } = read(text);
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  it('finds fields again, as the API names them', () => {
    const text = `kind: tags
name: x
---
kind: apps
name: wiki
spec:
  clientless:
    urls:
      - a.example
      - b.example
---
apps:
  - name: other
    hosts: [x]
`;
    const [, wiki, other] = readObjects(text, 'a.yaml').objects;
    expect(wiki?.locate('clientless.urls[1]')).toBe('a.yaml:10:9');
    expect(wiki?.locate('clientless.no[7].such')).toBe('a.yaml:8:5');
    expect(wiki?.locate('')).toBe('a.yaml:7:3');
    expect(other?.locate('hosts[0]')).toBe('a.yaml:14:13');
  });

  it('takes any text without throwing', () => {
    const pieces = constantFrom('kind: ', 'apps', 'name: x', 'spec:', '\n', '---\n', '- ', '{', ']', '&a ', '*a', '"');
    const texts = oneof(
      string(),
      array(pieces).map((parts) => parts.join('')),
    );
    assert(
      property(texts, (text) => {
        const places = readObjects(text, 'a').objects.map((object) => object.locate('a[0].b'));
        expect(places.every((place) => /^a:\d+:\d+$/.test(place))).toBe(true);
      }),
    );
  });
});
