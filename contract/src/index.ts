export * from './control-messages.ts';
export * from './errors.ts';
export * from './host.ts';
export * from './join-token.ts';
export * from './limits.ts';
export * from './open-header.ts';
export * from './policy.ts';
export * from './private-app.ts';
