/** The digital source type of media that a trained model made (IPTC NewsCodes). */
export const GENERATED_SOURCE_TYPE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';
