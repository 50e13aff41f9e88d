import {
  ActionAssertion,
  ActionType,
  BMFFHashAssertion,
  ClaimVersion,
  DataHashAssertion,
  DigitalSourceType,
  IngredientAssertion,
  ManifestStore,
  RelationshipType,
} from '@trustnxt/c2pa-ts/manifest';
import type { Manifest } from '@trustnxt/c2pa-ts/manifest';
import type { Signer } from '@trustnxt/c2pa-ts/cose';
import { createHash } from 'node:crypto';

/** The space for the signature, of which 256 bytes have to remain: CBOR writes shorter lengths in fewer bytes. */
const PADDING_BYTES = 1024;

/** The photo that a video was made from. */
export interface PhotoOrigin {
  /** SHA-256 of the file as its owner has it, hexadecimal. */
  readonly sha256: string;
  /** Its media type, such as `image/jpeg`. */
  readonly contentType: string;
  /** IPTC's digital source type that the photo carried, a URL. @default none */
  readonly digitalSourceType?: string | undefined;
  /** Whom the photo's own content credentials name as their signer, which nobody has checked. @default none */
  readonly credentialsBy?: string | undefined;
}

/** What the credentials say of a file. */
export interface MediaOrigin {
  readonly generator: { readonly name: string; readonly version: string };
  readonly model: { readonly name: string; readonly digest: string; readonly licence?: string | undefined };
  /** The settings under their names in the API. They must not contain private data. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly photo?: PhotoOrigin | undefined;
}

/** The parts of a manifest that signing completes. */
export interface DraftManifest {
  readonly store: ManifestStore;
  readonly manifest: Manifest;
  /** Binds the manifest to the file. */
  readonly binding: BMFFHashAssertion | DataHashAssertion;
}

/**
 * Describes a generated file: `c2pa.created` by a trained model, with the photo and the model as its inputs (C2PA 2.1, §18.15 and
 * §18.16). The same file and origin give the same manifest.
 * @param stampBytes the space for a time stamp.
 */
export function createManifest(
  media: Uint8Array,
  contentType: string,
  origin: MediaOrigin,
  signer: Signer,
  stampBytes = 0,
): DraftManifest {
  const store = new ManifestStore();
  const id = uuidOf(media);
  const manifest = store.createManifest({
    claimVersion: ClaimVersion.V2,
    assetFormat: contentType,
    instanceID: `xmp:iid:${id}`,
    defaultHashAlgorithm: 'SHA-256',
    signer,
  });
  manifest.label = `urn:c2pa:${id}`;
  if (!manifest.claim || !manifest.signature) throw new TypeError('a new manifest has a claim and a signature');
  // The library reserves 25 kB for a time stamp.
  manifest.signature.signatureData.paddingLength = PADDING_BYTES + stampBytes;
  manifest.claim.claimGeneratorName = origin.generator.name;
  manifest.claim.claimGeneratorVersion = origin.generator.version;
  const binding =
    contentType === 'video/mp4'
      ? BMFFHashAssertion.createV3('jumbf manifest', 'SHA-256')
      : DataHashAssertion.create('SHA-256');
  manifest.addAssertion(binding);
  const inputs = [modelIngredient(origin), ...(origin.photo ? [photoIngredient(origin.photo)] : [])];
  for (const [index, input] of inputs.entries()) {
    if (index > 0) input.labelSuffix = index;
    manifest.addAssertion(input);
  }
  const actions = new ActionAssertion();
  actions.actions.push({
    action: ActionType.C2paCreated,
    digitalSourceType: DigitalSourceType.TrainedAlgorithmicMedia,
    softwareAgent: { name: origin.model.name, version: origin.model.digest },
    parameters: {
      ingredients: inputs.map((input) => manifest.createAssertionReference(input)),
      'com.cinematica.settings': origin.settings,
    },
  });
  manifest.addAssertion(actions);
  return { store, manifest, binding };
}

function photoIngredient({ sha256, contentType, digitalSourceType, credentialsBy }: PhotoOrigin): IngredientAssertion {
  const ingredient = IngredientAssertion.createV3(RelationshipType.InputTo);
  ingredient.title = 'photo';
  ingredient.format = contentType;
  ingredient.instanceID = `urn:sha256:${sha256}`;
  const marks = [
    ...(digitalSourceType === undefined ? [] : [`Digital source type: ${digitalSourceType}.`]),
    ...(credentialsBy === undefined
      ? []
      : [`It had content credentials that name “${credentialsBy}” as their signer, which was not checked.`]),
  ];
  if (marks.length > 0) ingredient.description = marks.join(' ');
  return ingredient;
}

function modelIngredient({ model }: MediaOrigin): IngredientAssertion {
  const ingredient = IngredientAssertion.createV3(RelationshipType.InputTo);
  ingredient.title = model.name;
  ingredient.instanceID = `urn:cinematica:model:${model.digest}`;
  ingredient.dataTypes = [{ type: 'c2pa.types.model' }];
  if (model.licence !== undefined) ingredient.description = `Licence: ${model.licence}`;
  return ingredient;
}

/** A UUID of version 8 (RFC 9562) from the SHA-256 of the file. */
function uuidOf(media: Uint8Array): string {
  const digest = createHash('sha256').update(media).digest('hex');
  const variant = ((parseInt(digest[16]!, 16) & 0x3) | 0x8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}
