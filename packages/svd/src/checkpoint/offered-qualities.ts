import { FASTER_QUALITIES } from './model-card.ts';
import type { ComponentName, FasterQuality, ModelCard, QualityChanges } from './model-card.ts';
import type { FoundComponents } from './quality-components.ts';

/**
 * How to get what a quality needs. Other qualities have components only with cards that people write themselves. The folder is not
 * named: users of the service see this, too.
 */
export function howToGet(quality: FasterQuality, components: readonly ComponentName[]): string {
  if (quality !== 'draft') return '';
  const name = components.includes('unet') ? 'draft' : 'taesd';
  return `: npm run weights -- ${name} --to FOLDER, with the folder of the model, gets what is missing`;
}

/** What a quality's components are called in messages. */
const NAMES = { unet: 'a UNet of its own', vae: 'a decoder of its own' } as const;

/**
 * Reduces the qualities of a card to those whose components are there, and says of the others what they lack.
 * @param hasFolder whether the checkpoint has a folder of its own, in which components can be
 */
export function withOfferedQualities(card: ModelCard, found: FoundComponents, hasFolder: boolean): ModelCard {
  const lacking: Partial<Record<FasterQuality, string>> = {};
  const qualities: Partial<Record<FasterQuality, QualityChanges>> = {};
  for (const quality of FASTER_QUALITIES) {
    const changes = card.qualities?.[quality];
    if (!changes) continue;
    const lack = lackOf(quality, changes, found, hasFolder);
    if (lack === null) qualities[quality] = changes;
    else lacking[quality] = lack;
  }
  return { ...card, qualities, lacking };
}

function lackOf(
  quality: FasterQuality,
  { components = [] }: QualityChanges,
  { components: found, faults }: FoundComponents,
  hasFolder: boolean,
): string | null {
  const fault = faults[quality];
  const get = howToGet(quality, components);
  if (fault !== undefined && components.length > 0) return faultOf(fault, get);
  const has = { unet: found[quality]?.unet !== undefined, vae: found[quality]?.decoder !== undefined };
  const missing = components.filter((component) => !has[component]);
  if (missing.length === 0) return null;
  const parts = missing.map((component) => `${NAMES[component]} in ${quality}/${component}`).join(' and ');
  const place = hasFolder ? "beside the model's files" : 'beside the model, in a folder that has no other model';
  return `it needs ${parts} ${place}${get}`;
}

/** Says that the components of a quality cannot be used. @param get how to get others. */
export const faultOf = (fault: string, get: string): string => `its components cannot be used (${fault})${get}`;
