/** The part of WebAssembly's JavaScript API that is used here: Node's types have none, and those of the web are not for Node. */
declare namespace WebAssembly {
  /** Pages are of 64 KiB. */
  class Memory {
    constructor(pages: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean });
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
    /** @returns the number of pages before. Views of the old buffer are empty afterwards, unless it is shared. */
    grow(pages: number): number;
  }
  /** Code that has been compiled. */
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  /** @throws CompileError for code that is not valid. */
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module;
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: object;
  }
}
