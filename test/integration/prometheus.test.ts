import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PipelineStage, TaskState, VideoState } from '@cinematica/pipeline';
import type { VideoRecord } from '@cinematica/pipeline';
import { Video_State } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { idOf, watchToEnd } from '../support/api.ts';
import { fieldPhoto } from '../support/field-photo.ts';
import { killHard } from '../support/kill-hard.ts';
import { queryPrometheus } from '../support/prometheus.ts';
import { startRealSystem } from '../support/real-system.ts';
import type { RealSystem, VideoClient } from '../support/real-system.ts';

const PROMETHEUS = process.env.PROMETHEUS ?? findProgram('prometheus');
/** Whether PROMETHEUS is Debian's package as the set-up unpacks it, with its web pages beside the program. */
const DEBIAN_PAGES = PROMETHEUS !== null && existsSync(join(dirname(PROMETHEUS), 'share', 'prometheus', 'web'));

/**
 * Long intervals, so that only this test causes redeliveries, the reconciler publishes nothing, and an attempt has ended before
 * the next one starts.
 */
const PATIENT = { ACK_WAIT_MS: '60000', RECONCILE_MS: '60000', RETRY_DELAY_MS: '1000', MAX_FAILURES: '2' };

const shape = { case: 'size' as const, value: { width: 64, height: 64 } };
const small = { frames: 2, steps: 2, minGuidance: 1, maxGuidance: 1, shape };
/** Large enough to leave time to kill the model, with too few steps for a checkpoint. */
const slow = { steps: 4, shape: { case: 'size' as const, value: { width: 384, height: 384 } } };

describe.skipIf(PROMETHEUS === null)('the metrics in Prometheus', () => {
  let system: RealSystem;
  let ann: VideoClient;
  let prometheus: string;
  let source: { readonly case: 'image'; readonly value: Uint8Array<ArrayBuffer> };

  beforeAll(async () => {
    source = { case: 'image', value: await fieldPhoto() };
    system = await startRealSystem({ ...PATIENT, PROMETHEUS: PROMETHEUS! }, { observe: true });
    ann = system.client('ann');
    prometheus = system.prometheusUrl!;
  });
  afterAll(() => system[Symbol.asyncDispose]());

  async function make(settings: object = {}): Promise<Video> {
    const { video } = await ann.createVideo({ source, settings: { ...small, ...settings } });
    return video!;
  }
  const last = async (video: Video): Promise<Video> => (await watchToEnd(ann, video.name)).at(-1)!.video!;

  /** Waits until a query returns exactly these numbers. @param query its series differ in one label, or in two */
  async function expectNumbers(query: string, wanted: Readonly<Record<string, number>>): Promise<void> {
    const read = async () => {
      const samples = await queryPrometheus(prometheus, query);
      return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).sort().join(' '), value]));
    };
    await expect.poll(read, { interval: 200, message: query }).toEqual(wanted);
  }

  const recordOf = (video: Video): VideoRecord | undefined => system.table.videos.get(idOf(video))?.record;

  /** Kills the denoiser's child process while an attempt runs, until the attempt has ended. */
  async function killModel(video: Video, attempt: number): Promise<void> {
    const denoise = () => recordOf(video)?.tasks.find(({ stage }) => stage === PipelineStage.DENOISE);
    let killedAt = 0;
    // A kill between two steps is not noticed: a new child continues. In that case it is killed again after its first step.
    const killAgain = async () => {
      const { attempt: now = 0, state, step = 0, claimedStep = 0 } = denoise() ?? {};
      if (recordOf(video)?.state === VideoState.FAILED || now > attempt) return true;
      if (now !== attempt || state !== TaskState.RUNNING || step <= Math.max(claimedStep, killedAt)) return false;
      killedAt = step;
      (await system.children('denoiser')).forEach(killHard);
      return false;
    };
    await expect.poll(killAgain, { timeout: 30_000, interval: 20 }).toBe(true);
  }

  const counted = (metric: string, ...labels: readonly string[]) => `sum by (${labels.join(', ')}) (${metric})`;

  test('count three finished videos, a cancelled one and a failed one', async () => {
    onTestFailed(() => console.error(system.said.join('\n')));
    const done = await last(await make());
    expect(done.state).toBe(Video_State.DONE);

    const encoder = (await system.pid('encoder'))!;
    process.kill(encoder, 'SIGSTOP');
    const [waiting, unwanted] = [await make(), await make()];
    const depth = counted('cinematica_queue_depth', 'stage');
    await expectNumbers(depth, { encode: 2, denoise: 2, decode: 2, mux: 2 });
    await expectNumbers('sum by (container) (up == 0)', { encoder: 0 });
    await ann.cancelVideo({ name: unwanted.name });
    await expectNumbers(depth, { encode: 1, denoise: 1, decode: 1, mux: 1 });
    await expectNumbers(counted('cinematica_due_tasks', 'stage'), { encode: 1, denoise: 0, decode: 0, mux: 0 });
    process.kill(encoder, 'SIGCONT');
    expect((await last(waiting)).state).toBe(Video_State.DONE);
    await expectNumbers(depth, { encode: 0, denoise: 0, decode: 0, mux: 0 });
    await expectNumbers(counted('cinematica_steps_total', 'stage'), {
      encode: 2,
      denoise: 4,
      decode: 2,
      // The frames of both videos.
      mux: 4,
    });
    await expectNumbers(counted('cinematica_model_load_seconds_count', 'stage'), { encode: 2, denoise: 2, decode: 1 });

    const disturbed = await make(slow);
    await killModel(disturbed, 1);
    expect((await last(disturbed)).state).toBe(Video_State.DONE);
    const broken = await make(slow);
    await killModel(broken, 1);
    await killModel(broken, 2);
    expect((await last(broken)).state).toBe(Video_State.FAILED);

    await expectNumbers(counted('cinematica_jobs_total', 'outcome'), { done: 3, cancelled: 1, failed: 1 });
    await expectNumbers(counted('cinematica_stage_duration_seconds_count', 'stage', 'outcome'), {
      'done encode': 4,
      'denoise done': 3,
      'decode done': 3,
      'done mux': 3,
      'denoise failed': 3,
      'encode failed': 0,
      'decode failed': 0,
      'failed mux': 0,
    });
    // One claim for each task, and one more for each death of the denoiser's child except the last.
    await expectNumbers(counted('cinematica_queue_wait_seconds_count', 'stage'), {
      encode: 4,
      denoise: 6,
      decode: 3,
      mux: 3,
    });
    await expectNumbers(counted('cinematica_redeliveries_total', 'stage'), {
      encode: 0,
      denoise: 2,
      decode: 0,
      mux: 0,
    });
    await expectNumbers(counted('cinematica_child_restarts_total', 'stage'), { encode: 0, denoise: 3, decode: 0 });
  });

  test('Prometheus evaluates every alert rule without an error', async () => {
    const response = await fetch(new URL('/api/v1/rules', prometheus));
    const { data } = (await response.json()) as { data: { groups: { rules: { name: string; health: string }[] }[] } };
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  test.skipIf(!DEBIAN_PAGES)('Prometheus serves its web pages with their scripts', async () => {
    const page = await fetch(prometheus);
    expect(new URL(page.url).pathname).toBe('/classic/graph');
    const scripts = [...(await page.text()).matchAll(/<script src="([^"]+)"/g)].map(([, path = '']) => path);
    expect(scripts.length).toBeGreaterThan(5);
    for (const script of scripts) expect((await fetch(new URL(script, prometheus))).status, script).toBe(200);
    const alerts = await fetch(new URL('/classic/alerts', prometheus));
    expect(await alerts.text()).toContain('CinematicaStageStands');
  });
});
