/** `npm run chaos`: kills every process of the system at random moments while it makes videos, and checks the result. */
import { parseArgs } from 'node:util';
import { runChaos } from './run-chaos.ts';

const USAGE = `npm run chaos -- [--videos 300] [--seeds 1,2,3]

  --videos  the number of videos in each run
  --seeds   the seeds of the random moments; one run for each
`;

const numbers = (text: string): number[] => text.split(',').map(Number);

const { values } = parseArgs({
  options: {
    videos: { type: 'string', default: '300' },
    seeds: { type: 'string', default: '1,2,3' },
    help: { type: 'boolean', default: false },
  },
});
const [[videos = 0], seeds] = [numbers(values.videos), numbers(values.seeds)];
if (values.help || ![videos, ...seeds].every((number) => Number.isInteger(number) && number > 0)) {
  process.stdout.write(USAGE);
  process.exit(values.help ? 0 : 1);
}

for (const seed of seeds) {
  const { faults, figures } = await runChaos({ videos, seed });
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${String(value).padStart(10)}  ${name}\n`);
  for (const fault of faults) process.stdout.write(`FAULT: ${fault}\n`);
  process.stdout.write(faults.length === 0 ? 'No faults.\n\n' : `${faults.length} faults.\n\n`);
  if (faults.length > 0) process.exitCode = 1;
}
