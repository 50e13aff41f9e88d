/** `node web/prepare.ts`: generates the messages and SvelteKit's types, which the checks need. A build generates them itself. */
import { compile } from '@inlang/paraglide-js';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messages } from './messages.config.ts';

await compile(messages);
const kit = dirname(fileURLToPath(import.meta.resolve('@sveltejs/kit/package.json')));
execFileSync(process.execPath, [join(kit, 'svelte-kit.js'), 'sync'], { cwd: import.meta.dirname, stdio: 'inherit' });
