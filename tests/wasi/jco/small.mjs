// Makes a component small: `node small.mjs COMPONENT`, in place.
import { readFile, writeFile } from 'node:fs/promises';
import { opt } from '@bytecodealliance/jco';

// Nothing is used that the compiler does not use.
const FEATURES = ['bulk-memory', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'];
const ARGUMENTS = [
  ...FEATURES.map((feature) => `--enable-${feature}`),
  '-Oz',
  // The lowest KiB is the far end of the stack.
  '--low-memory-unused',
  '--const-hoisting',
  '--reorder-locals',
  '--reorder-functions',
];
/** A component begins with a magic number and a version. */
const PREAMBLE = 8;
/** The sections that are no part of the program, such as the names of its parts. */
const CUSTOM = 0;

function* sections(component) {
  for (let begin = PREAMBLE; begin < component.length; ) {
    let [size, at] = [0, begin + 1];
    for (let shift = 0; ; shift += 7) {
      const byte = component[at++];
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    yield { kind: component[begin], bytes: component.subarray(begin, at + size) };
    begin = at + size;
  }
}

const [path] = process.argv.slice(2);
const { component } = await opt(await readFile(path), { quiet: true, optArgs: ARGUMENTS });
const kept = [...sections(component)].filter(({ kind }) => kind !== CUSTOM);
await writeFile(path, Buffer.concat([component.subarray(0, PREAMBLE), ...kept.map(({ bytes }) => bytes)]));
