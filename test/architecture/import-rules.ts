/**
 * Who may import whom. A rule speaks of the files that `from` matches; `allow` lists what their imports may be, of
 * which each is a package (`zod`, `node:net`) or, for a relative import, a slash and the path of the file it means.
 * Everything has a reason, so that whoever meets a rule can judge whether it still holds.
 */
export interface ImportRule {
  readonly name: string;
  readonly because: string;
  readonly from: RegExp;
  /** Every import must match one of these … */
  readonly allow?: readonly RegExp[];
  /** … and none of these. */
  readonly refuse?: readonly RegExp[];
  /** Whether imports of types alone are free, because nothing of them is left when the program runs. */
  readonly typesFree?: boolean;
}

const NODE = /^node:/;
const CONTRACT = /^@causeway\/contract$/;
const CORE = /^@causeway\/wasm-core(?:\/reference|\/scan|\/core\.wasm)?$/;
const TUNNEL = /^@causeway\/tunnel$/;
const OTHER_PACKAGES = /^(?!@causeway\/|node:)@?[a-z]/;

export const IMPORT_RULES: readonly ImportRule[] = [
  {
    name: 'wasm-core imports nothing',
    because: 'it runs in Node, browsers, workers and other people’s tools; pure computation has nothing to import',
    from: /^wasm-core\/(?:src|assembly)\//,
    allow: [/^\/wasm-core\//],
  },
  {
    name: 'contract imports zod alone',
    because:
      'it is what all parts agree on, in every runtime: no node:*, no I/O, nothing that a browser would not load',
    from: /^contract\/src\//,
    allow: [/^\/contract\//, /^zod$/],
  },
  {
    name: 'tunnel rests on contract and wasm-core',
    because: 'PoP, publisher and agent share it; knowing any of them would turn the dependency round',
    from: /^tunnel\/src\//,
    allow: [/^\/tunnel\//, NODE, CONTRACT, CORE, OTHER_PACKAGES],
  },
  {
    name: 'the mux is sans-I/O',
    because: 'bytes in, events out: it must be testable with hex and usable over any transport',
    from: /^tunnel\/src\/(?:mux|yamux)\//,
    refuse: [/^node:(?:net|tls|http|https|fs|dgram|timers|child_process|worker_threads)/, /^ws$/],
  },
  {
    name: 'the PoP does not know the other apps',
    because:
      'apps meet on the wire alone, so that old and new versions, and others’ implementations, can meet there too',
    from: /^proxy\/src\//,
    allow: [/^\/proxy\//, NODE, CONTRACT, CORE, TUNNEL, OTHER_PACKAGES],
  },
  {
    name: 'the publisher does not know the other apps',
    because: 'it runs in another network, and a compromised PoP must find nothing of itself there',
    from: /^publisher\/src\//,
    allow: [/^\/publisher\//, NODE, CONTRACT, CORE, TUNNEL, OTHER_PACKAGES],
  },
  {
    name: 'the agent does not know the other apps',
    because: 'it runs on people’s devices and carries only what a device needs',
    from: /^agent-lite\/src\//,
    allow: [/^\/agent-lite\//, NODE, CONTRACT, CORE, TUNNEL, OTHER_PACKAGES],
  },
  {
    name: 'edge never imports control',
    because:
      'they are two kinds of process; what one needs of the other is a message of proxy/rpc, or it would work in tests alone',
    from: /^proxy\/src\/edge\//,
    refuse: [/^\/proxy\/src\/(?:control|supervisor|cli|dev|config)\//],
  },
  {
    name: 'control never imports edge',
    because:
      'they are two kinds of process; what one needs of the other is a message of proxy/rpc, or it would work in tests alone',
    from: /^proxy\/src\/control\//,
    refuse: [/^\/proxy\/src\/(?:edge|supervisor|cli|dev)\//],
  },
  {
    name: 'the admin client takes types alone of control',
    because: 'command line and browser load it: of the routes it has their types, which leave nothing behind',
    from: /^proxy\/src\/admin-client\//,
    allow: [/^\/proxy\/src\/admin-client\//, CONTRACT],
    typesFree: true,
  },
  {
    name: 'rpc knows neither side',
    because: 'it is the seam between the processes; a seam that imports one side is part of that side',
    from: /^proxy\/src\/rpc\//,
    refuse: [/^\/proxy\/src\/(?!rpc\/)/],
  },
  {
    name: 'delivery knows neither side',
    because: 'edges and exports of control deliver the same way; importing either would join the two',
    from: /^proxy\/src\/delivery\//,
    refuse: [/^\/proxy\/src\/(?!delivery\/|rpc\/)/],
  },
  {
    name: 'the supervisor forks and knows no more',
    because: 'it must outlive every fault of its children: it runs their files, and never their code',
    from: /^proxy\/src\/supervisor\//,
    refuse: [/^\/proxy\/src\/(?:edge|control|cli|dev)\//],
  },
  {
    name: 'pages are shared words, not logic',
    because: 'edge and control both show them; importing either would join the two through the back door',
    from: /^proxy\/src\/pages\//,
    refuse: [/^\/proxy\/src\/(?!pages\/)/],
  },
  {
    name: 'the development identity provider is a stranger',
    because: 'it must pass the same gate as any other; sharing code with the gate would let one fault hide another',
    from: /^proxy\/src\/dev\/(?:idp|intranet)/,
    refuse: [/^\/proxy\/src\/(?:edge|control|supervisor|cli)\//],
  },
  {
    name: 'policy is pure',
    because: 'the same principal and request must give the same verdict in the data path, in explain and in a test',
    from: /^proxy\/src\/policy\//,
    allow: [/^\/proxy\/src\/policy\//, CONTRACT, CORE],
  },
  {
    name: 'the web pages take types alone',
    because: 'they run in a browser: of the other parts only types of the API, which leave nothing behind',
    from: /^web\/src\//,
    allow: [/^\/web\//, /^react(?:-dom)?(?:\/|$)/],
    typesFree: true,
  },
  {
    name: 'tests of whole programs use public entries',
    because: 'a test that reaches inside proves what nobody can use; programs are started as people start them',
    from: /^test\//,
    allow: [
      /^\/test\//,
      NODE,
      CONTRACT,
      CORE,
      TUNNEL,
      /^@causeway\/(?:tunnel\/testing|proxy\/(?:decision|measured-control|measured-edge|postgres-server))$/,
      OTHER_PACKAGES,
      /^\/scripts\//,
    ],
  },
];

/** Files of tests and of the build, which may use what the program may not. */
export const OUTSIDE_THE_RULES = /\.test\.tsx?$|(?:^|\/)(?:vite|vitest)\.config\.ts$|\/build(?:-[\w-]+)?\.ts$/;
