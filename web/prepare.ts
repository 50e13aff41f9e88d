/** `node web/prepare.ts`: generates what the checks read, and a build makes by itself: messages, and SvelteKit's types. */
import { compile } from '@inlang/paraglide-js';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messages } from './messages.config.ts';

await compile(messages);
const kit = dirname(fileURLToPath(import.meta.resolve('@sveltejs/kit/package.json')));
execFileSync(process.execPath, [join(kit, 'svelte-kit.js'), 'sync'], { cwd: import.meta.dirname, stdio: 'inherit' });
