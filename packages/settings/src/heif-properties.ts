/** How the numbers of an image are meant, as ISO/IEC 23091-2 names them (a `colr` box of the type `nclx`). */
export interface ColourDescription {
  /** 1: BT.709 and sRGB, 9: BT.2020, 12: Display P3. */
  readonly primaries: number;
  /** 16: PQ, 18: HLG. */
  readonly transfer: number;
}

/** What a HEIF or AVIF file says of its primary image (ISO 23008-12). */
export interface HeifImage {
  /** The size in pixels, upright; null when the file does not tell it. */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** Null when the file does not tell it. */
  readonly colour: ColourDescription | null;
  /** The codec of the picture, such as `VVC`, if it is neither HEVC nor AV1; null otherwise, and for pictures of tiles. */
  readonly otherCodec: string | null;
}

/** Codecs by the property that configures them. */
const OTHER_CODECS: Readonly<Record<string, string>> = {
  vvcC: 'VVC',
  evcC: 'EVC',
  avcC: 'H.264',
  jpgC: 'JPEG',
  j2kH: 'JPEG 2000',
  uncC: 'uncompressed pixels',
};

/**
 * Reads the properties of the primary image of a HEIF or AVIF file. Other images in the file, such as a gain map, may have
 * other ones. The picture itself is not read.
 *
 * @returns null when the file has no primary image, or its boxes are damaged
 */
export function readHeif(bytes: Uint8Array): HeifImage | null {
  try {
    const meta = childOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 'meta');
    // `meta`, `pitm`, `ipma` and `ispe` begin with a version and flags.
    const inside = meta && skip(meta, 4);
    const primary = inside && childOf(inside, 'pitm');
    const properties = inside && childOf(inside, 'iprp');
    const list = properties && childOf(properties, 'ipco');
    if (!primary || !list) return null;
    const id = primary.getUint8(0) === 0 ? primary.getUint16(4) : primary.getUint32(4);
    const all = [...boxesOf(list)];
    const own = [...boxesOf(properties)]
      .filter(({ type }) => type === 'ipma')
      .flatMap(({ body }) => propertiesOf(body, id).flatMap((index) => all[index - 1] ?? []));
    const find = (type: string): DataView | undefined => own.find((box) => box.type === type)?.body;

    const extents = find('ispe');
    const colour = own.find(({ type, body }) => type === 'colr' && textAt(body, 0) === 'nclx')?.body;
    return {
      size: extents ? uprightSize(extents, find('clap'), find('irot')) : null,
      otherCodec: own.map(({ type }) => OTHER_CODECS[type]).find((codec) => codec !== undefined) ?? null,
      colour: colour ? { primaries: colour.getUint16(4), transfer: colour.getUint16(6) } : null,
    };
  } catch (error) {
    // A box ends before its contents.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The size of the coded picture, cut to its clean aperture and then turned. */
function uprightSize(extents: DataView, aperture: DataView | undefined, rotation: DataView | undefined) {
  const width = aperture ? Math.round(aperture.getUint32(0) / aperture.getUint32(4)) : extents.getUint32(4);
  const height = aperture ? Math.round(aperture.getUint32(8) / aperture.getUint32(12)) : extents.getUint32(8);
  // In steps of 90 degrees.
  const isTurned = ((rotation?.getUint8(0) ?? 0) & 1) === 1;
  return isTurned ? { width: height, height: width } : { width, height };
}

/** The indices, from 1, of the properties of an item, in an `ipma` box. */
function propertiesOf(ipma: DataView, wanted: number): number[] {
  const [version, isLong] = [ipma.getUint8(0), (ipma.getUint8(3) & 1) === 1];
  const count = ipma.getUint32(4);
  let at = 8;
  for (let entry = 0; entry < count; entry++) {
    const id = version === 0 ? ipma.getUint16(at) : ipma.getUint32(at);
    at += version === 0 ? 2 : 4;
    const associations = ipma.getUint8(at++);
    const indices: number[] = [];
    for (let i = 0; i < associations; i++, at += isLong ? 2 : 1) {
      // The first bit says whether a reader must understand the property.
      indices.push(isLong ? ipma.getUint16(at) & 0x7fff : ipma.getUint8(at) & 0x7f);
    }
    if (id === wanted) return indices;
  }
  return [];
}

interface Box {
  readonly type: string;
  readonly body: DataView;
}

const childOf = (view: DataView, type: string): DataView | undefined =>
  boxesOf(view).find((box) => box.type === type)?.body;

/** The boxes in a box, or in a file (ISO 14496-12, section 4.2). */
function* boxesOf(view: DataView): Generator<Box> {
  for (let at = 0; at + 8 <= view.byteLength;) {
    const short = view.getUint32(at);
    // 1: a size of 64 bits follows the type. 0: the box ends with the file.
    const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short === 0 ? view.byteLength - at : short;
    const header = short === 1 ? 16 : 8;
    if (size < header || at + size > view.byteLength) return;
    yield { type: textAt(view, at + 4), body: slice(view, at + header, at + size) };
    at += size;
  }
}

const slice = (view: DataView, from: number, to: number): DataView =>
  new DataView(view.buffer, view.byteOffset + from, to - from);

const skip = (view: DataView, bytes: number): DataView => slice(view, bytes, view.byteLength);

const textAt = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
