#!/usr/bin/env node
import { keepCompiledCode } from './compiled-code.ts';

// First of all: what is imported statically would be compiled before.
keepCompiledCode();
await import('./command-line.ts');
