import { GENERATED_SOURCE_TYPE } from '@cinematica/provenance';

/** An XMP packet (ISO 16684-1) with the digital source type and the settings. */
export function xmpPacket(settings: Readonly<Record<string, unknown>>): Uint8Array {
  return new TextEncoder().encode(`<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmp:CreatorTool="Cinemática"
    Iptc4xmpExt:DigitalSourceType="${GENERATED_SOURCE_TYPE}">
   <exif:UserComment>
    <rdf:Alt>
     <rdf:li xml:lang="x-default">${escapeXml(JSON.stringify(settings))}</rdf:li>
    </rdf:Alt>
   </exif:UserComment>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>`);
}

/** JSON text contains no control characters and no lone surrogates. XML also forbids U+FFFE and U+FFFF. */
function escapeXml(json: string): string {
  return json
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\uFFFE', '\\ufffe')
    .replaceAll('\uFFFF', '\\uffff');
}
